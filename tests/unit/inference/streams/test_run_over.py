"""Every step is predicted once, in order, from those before it."""

import numpy as np
import pytest

from foveal.data.streams.stream import Piece, Stream
from foveal.inference.streams import run_over as module
from foveal.inference.streams.contract import State
from foveal.inference.streams.run_over import run_piece
from foveal.types.arrays import Array, FloatArray
from foveal.types.streams.text_spec import TextSpec


class Sums:
    """Says the sum of the last four steps, this one included; its state is the last three."""

    def begin(self, streams: int) -> State:
        return {"last": np.zeros((streams, 3))}

    def run(self, steps: Array, state: State) -> tuple[FloatArray, State]:
        known = np.concatenate([state["last"], steps], 1)
        sums = sum(known[:, k : k + steps.shape[1]] for k in range(4))
        return np.asarray(sums)[..., None], {"last": known[:, -3:]}


class Keeps:
    """Keeps what was said, and the step that came."""

    horizon, num_facts = 1, 2

    def facts(self, outputs: FloatArray, ahead: Array) -> FloatArray:
        return np.stack([outputs[..., 0], ahead], -1)


@pytest.mark.parametrize("length", [2, 50, 1000, 1001])
@pytest.mark.parametrize("held_out", [0.0, 0.4])
def test_pieces(length: int, held_out: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SHORTEST": 40, "RUN_UP": 10, "AT_ONCE": 7}.items():
        monkeypatch.setattr(module, name, value)
    steps = np.random.default_rng(0).integers(0, 9, length)
    piece = Piece("a", steps)
    if held_out:
        stream = Stream(None, TextSpec(unit="byte"), (piece,)).split(held_out)[1]  # type: ignore[arg-type]
        (piece,) = stream.pieces
    found = run_piece(Sums(), Keeps(), piece)  # type: ignore[arg-type]
    first = max(1, length - len(piece.steps))
    wanted = [[steps[max(0, i - 4) : i].sum(), steps[i]] for i in range(first, length)]
    np.testing.assert_array_equal(found, np.array(wanted).reshape(-1, 2))
