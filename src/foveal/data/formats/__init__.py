"""One reader per format; each gives a Catalog."""
