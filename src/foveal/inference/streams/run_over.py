"""Predictions for all steps of a stream: many stretches of it side by side, each with a running start.

Shapes: N steps of a piece, B stretches, L steps of each, T steps of a call, H steps ahead, M numbers kept.
"""

from collections.abc import Sequence

import numpy as np

from foveal.data.streams.stream import Piece
from foveal.inference.streams.contract import Stepper
from foveal.tasks.stream import AnyStreamOutput
from foveal.types.arrays import FloatArray
from foveal.types.progress import Progress, silent

STRETCHES = 16
SHORTEST = 2048
"""Steps of a stretch, at least: shorter pieces are run in fewer stretches."""
RUN_UP = 256
"""Steps that a stretch begins early, so that its state is that of a reader who has read on."""
AT_ONCE = 256
"""Steps of a call."""


def run_over(
    stepper: Stepper, output: AnyStreamOutput, pieces: Sequence[Piece], *, progress: Progress = silent
) -> list[FloatArray]:
    """What ``output.facts`` keeps of the predictions for each piece, (N, M) each.

    All steps are predicted from those before them; the first of a piece without a context is not, and with a horizon of
    H the last H - 1 are the ends of predictions only.
    """
    total, done, found = sum(len(piece.steps) for piece in pieces), 0, []
    for piece in pieces:
        progress("predicting", done, total)
        found.append(run_piece(stepper, output, piece))
        done += len(piece.steps)
    return found


def run_piece(stepper: Stepper, output: AnyStreamOutput, piece: Piece) -> FloatArray:
    """The same of one piece."""
    steps = np.concatenate([piece.context, piece.steps]) if len(piece.context) else piece.steps
    first = max(0, len(piece.context) - 1)
    base = max(0, first - RUN_UP)
    steps, first = steps[base:], first - base
    num_inputs = len(steps) - output.horizon
    if num_inputs <= first:
        return np.zeros((0, output.num_facts))
    stretches = max(1, min(STRETCHES, num_inputs // SHORTEST))
    length = -(-(num_inputs + (stretches - 1) * RUN_UP) // stretches)
    starts = np.arange(stretches) * (length - RUN_UP)
    places = starts[:, None] + np.arange(length + output.horizon)
    rows = steps[places.clip(max=len(steps) - 1)]
    state, kept = stepper.begin(stretches), []
    for at in range(0, length, AT_ONCE):
        stop = min(length, at + AT_ONCE)
        outputs, state = stepper.run(rows[:, at:stop], state)
        kept.append(output.facts(outputs, rows[:, at + 1 : stop + output.horizon]))
    facts = np.concatenate(kept, 1)
    joined = np.concatenate([facts[0], *(one[RUN_UP:] for one in facts[1:])])
    result: FloatArray = joined[first:num_inputs]
    return result
