"""Parts of semantic segmentation networks."""
