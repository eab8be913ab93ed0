"""From pictures to predictions, on any backend."""
