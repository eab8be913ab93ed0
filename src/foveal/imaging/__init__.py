"""Images: decoding, preprocessing, drawing."""
