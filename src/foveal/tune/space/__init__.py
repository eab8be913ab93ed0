"""What a search may change: settings and their ranges."""
