"""What would help most: more images, a larger input, more epochs, a larger network; by trying each alone."""
