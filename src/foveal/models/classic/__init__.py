"""Small networks written by hand."""
