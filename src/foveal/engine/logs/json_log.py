"""Progress of a run for a machine: one JSON object per line."""

import json
import math
import sys
import time
from collections.abc import Mapping

from foveal.engine.logs.log import Log, Speed

SECONDS_BETWEEN_STEPS = 1.0
"""Steps are told at most this often, besides the first and the last of each epoch."""


class JsonLog(Log):
    """One JSON object per line on standard output; numbers are numbers, undefined ones null."""

    def __init__(self) -> None:
        self.speed = Speed()
        self._told_at = -math.inf

    def start(self, facts: Mapping[str, object]) -> None:
        """``{"event": "start", ...}``."""
        self._say("start", facts)

    def run(self, name: str, *, number: int, of: int) -> None:
        """``{"event": "run", "name": "fold-1", ...}``."""
        self.speed = Speed()
        self._say("run", {"name": name, "number": number, "of": of})

    def summary(self, document: Mapping[str, object]) -> None:
        """``{"event": "summary", ...}``."""
        self._say("summary", document)

    def note(self, text: str) -> None:
        """``{"event": "note", "text": ...}``."""
        self._say("note", {"text": text})

    def weights(self, taken: Mapping[str, object]) -> None:
        """``{"event": "weights", "text": ..., "whole": [...], "left": {name: why}, ...}``."""
        self._say("weights", taken)

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        """``{"event": "step", ...}``: the first and the last step of an epoch, and in between about one per second."""
        self.speed.add(samples)
        now = time.monotonic()
        if step not in (1, steps) and now - self._told_at < SECONDS_BETWEEN_STEPS:
            return
        self._told_at = now
        place = {"epoch": epoch + 1, "epochs": epochs, "step": step, "steps": steps}
        speed = round(self.speed.samples_s, 1) if self.speed.timed else None
        self._say("step", {**place, "loss": loss, f"{unit}_per_s": speed})

    def evaluating(self) -> None:
        """Time spent on evaluation is not training time."""
        self.speed.pause()

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:
        """``{"event": "epoch", ...}``: the row of metrics.csv."""
        self._say("epoch", {**row, "epochs": epochs, "best": best})
        self.speed.pause()

    def finish(self, summary: Mapping[str, object]) -> None:
        """``{"event": "finish", ...}``."""
        self._say("finish", summary)

    def _say(self, event: str, values: Mapping[str, object]) -> None:
        document = without_nan({"event": event, **values})
        sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False, default=str) + "\n")
        sys.stdout.flush()


def without_nan(value: object) -> object:
    """Plain values with None in place of numbers that JSON lacks."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): without_nan(inner) for key, inner in value.items()}
        case list() | tuple():
            return [without_nan(inner) for inner in value]
    return value
