"""Two models on the same images: differences, exact tests, and what they could have seen."""
