"""REST over this room: thin views that call services and selectors."""
