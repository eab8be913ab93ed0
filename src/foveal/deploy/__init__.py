"""Export, checked against the original network."""
