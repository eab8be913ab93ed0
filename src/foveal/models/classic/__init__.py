"""Small networks written out by hand."""
