"""What an annotation says of an object besides its class and place."""

from enum import IntFlag


class Flag(IntFlag):
    """Added up in one byte an object."""

    CROWD = 1
    """The box or mask covers a group (COCO's iscrowd)."""
    DIFFICULT = 2
    """Hard to recognise (Pascal VOC)."""
    IGNORE = 4
    """Counts nowhere, as the data set says."""
    TRUNCATED = 8
    """Reaches beyond the image (Pascal VOC); an ordinary object otherwise."""


NOT_EVALUATED = int(Flag.CROWD | Flag.DIFFICULT | Flag.IGNORE)
"""An object with one of these is neither to be found nor a mistake when found, in training and in evaluation."""
