"""Names for the array types that cross rooms."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Any NumPy array."""
FloatArray = NDArray[np.floating[Any]]
"""Floating-point numbers of any width."""
IntArray = NDArray[np.integer[Any]]
"""Whole numbers of any width."""
RGB = NDArray[np.uint8]
"""An image: (height, width, 3), uint8, red-green-blue, as displayed."""
