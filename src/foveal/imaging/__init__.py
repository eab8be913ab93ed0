"""Pictures: decoding, the one preparation, drawing."""
