"""From images to predictions, on any backend."""
