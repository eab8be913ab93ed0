"""What an annotation notes of an object besides its class and place."""

from enum import IntFlag


class Flag(IntFlag):
    """Added up in one byte per object."""

    CROWD = 1
    """The box or mask covers a group (COCO's iscrowd)."""
    DIFFICULT = 2
    """Hard to recognise (Pascal VOC)."""
    IGNORE = 4
    """Ignored, as the data set asks."""
    TRUNCATED = 8
    """Reaches beyond the image (Pascal VOC); an ordinary object otherwise."""


IGNORED_FLAGS = int(Flag.CROWD | Flag.DIFFICULT | Flag.IGNORE)
"""An object with one of these is ignored in training and evaluation: neither missed nor a mistake when detected."""
