"""How much each layer on integers moves the outputs of the network.

The distance of two networks is measured where their last layers end, before anything is sorted or cut off: the root of
the summed squared differences, over that of what varies in the outputs themselves. 0.1 is a tenth of the signal.

Shapes: N images, S T height and width of the input.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foveal.deploy.int8.calibration import Ranges, open_session, with_outputs
from foveal.deploy.int8.layers import Network
from foveal.deploy.int8.quantise import quantise
from foveal.types.arrays import RGB, FloatArray
from foveal.types.progress import Progress, silent


class Distance:
    """Distances from a network in float, on a few images.

    Args:
        network: In float.
        images: (N, S, T, 3) uint8.
    """

    def __init__(self, network: Network, images: RGB) -> None:
        self._ends, self._images = network.ends, images
        self._reference = self._run(network.proto)

    def __call__(self, proto: Any) -> float:
        """Of another graph with the same last layers."""
        error = signal = 0.0
        for ours, theirs in zip(self._reference, self._run(proto), strict=True):
            for mine, other in zip(ours, theirs, strict=True):
                if mine.shape == other.shape and mine.size:
                    error += float(np.square(mine - other, dtype=np.float64).sum())
                    signal += float(np.square(mine - mine.mean(), dtype=np.float64).sum())
        return float(np.sqrt(error / max(signal, 1e-30)))

    def _run(self, proto: Any) -> list[list[FloatArray]]:
        session = open_session(with_outputs(proto, self._ends))
        return [session.run(self._ends, {"images": image[None]}) for image in self._images]


def sensitivities(
    network: Network,
    ranges: Ranges,
    distance: Distance,
    *,
    means: Mapping[str, FloatArray],
    progress: Progress = silent,
) -> dict[str, float]:
    """By layer, the distance when it alone is on integers; the most sensitive first."""
    found: dict[str, float] = {}
    names: Sequence[str] = [layer.name for layer in network.layers]
    for place, name in enumerate(names):
        progress("measuring each layer", place, len(names))
        found[name] = distance(quantise(network, ranges, [name], means=means))
    return dict(sorted(found.items(), key=lambda one: -one[1]))
