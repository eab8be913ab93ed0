"""Tables with one box per row."""
