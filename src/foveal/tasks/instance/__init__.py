"""Instance segmentation: the detector with a mask for every object."""
