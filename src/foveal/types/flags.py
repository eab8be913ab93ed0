"""Flags of annotated objects."""

from enum import IntFlag


class Flag(IntFlag):
    """Bit flags in one byte per object."""

    CROWD = 1
    """The box or mask covers a group (COCO's iscrowd)."""
    DIFFICULT = 2
    """Hard to recognise (Pascal VOC)."""
    IGNORE = 4
    """Ignored, as marked by the data set."""
    TRUNCATED = 8
    """Reaches beyond the image (Pascal VOC); an ordinary object otherwise."""


IGNORED_FLAGS = int(Flag.CROWD | Flag.DIFFICULT | Flag.IGNORE)
"""An object with one of these is ignored in training and evaluation: neither a false negative nor a false positive."""
