"""Training runs on streams, texts and series, by the same loop as those on images."""
