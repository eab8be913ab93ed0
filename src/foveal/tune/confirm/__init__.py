"""Whether a setting that looked best is better than the default."""
