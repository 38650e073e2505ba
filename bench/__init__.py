"""Programs that make what is measured, and measure it. Not part of the product."""
