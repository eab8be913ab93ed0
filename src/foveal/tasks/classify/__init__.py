"""Image classification, single- and multi-label."""
