"""Objects: boxes and their masks."""
