"""How probabilities become a class map."""

from foveal.types.settings import Settings


class SegmentOptions(Settings):
    """Each pixel takes its likeliest class; there is nothing to set."""
