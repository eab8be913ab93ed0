"""What a detector is made of."""
