"""Random numbers are functions of where they are used: a seed for every purpose and position."""

import numpy as np


def derive(*keys: int) -> int:
    """A 64-bit seed from whole numbers; different keys give unrelated seeds."""
    return int(np.random.SeedSequence([key & 0xFFFFFFFFFFFFFFFF for key in keys]).generate_state(1, np.uint64)[0])
