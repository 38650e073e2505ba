"""The shipped demo: a call between synthetic voices, with who said what when."""
