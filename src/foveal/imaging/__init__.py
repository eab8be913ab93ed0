"""Images: decoding, the one preparation, drawing."""
