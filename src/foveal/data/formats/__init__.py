"""One reader per format; each returns a Catalog."""
