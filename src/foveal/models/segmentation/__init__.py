"""What a segmenter is made of."""
