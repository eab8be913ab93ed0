"""What a step of a text or a series is."""
