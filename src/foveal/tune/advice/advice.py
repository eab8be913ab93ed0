"""What an advice found, whole. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.brief import brief
from foveal.engine.logs.json_log import without_nan
from foveal.report.page import PAGE
from foveal.tune.advice.found import Curve, Done
from foveal.tune.advice.plan import AdvicePlan
from foveal.tune.advice.ranking import Gain


@dataclass(frozen=True)
class Advice:
    """What was found.

    Attributes:
        folder: The runs and advice.json.
        plan: What was planned.
        facts: Task, metric, device.
        runs: Those that are complete.
        failed: By the name of a run, its error.
        curve: The learning curve.
        gains: The changes, best first.
        command: What to run next; empty: keep the settings.
        notes: What was cut short or left out.
        spent_s: Seconds of all runs so far.
    """

    folder: Path
    plan: AdvicePlan
    facts: Mapping[str, Any]
    runs: Sequence[Done]
    failed: Mapping[str, str]
    curve: Curve
    gains: Sequence[Gain]
    command: str
    notes: Sequence[str]
    spent_s: float

    __repr__ = brief

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``--json`` and advice.json."""
        back, curve = self.curve.back_test, self.curve
        document = {
            "advice": str(self.folder),
            "report": str(self.folder / PAGE),
            "data": self.plan.config.data.path,
            **self.facts,
            "seeds": self.plan.seeds,
            "curve": {
                "parts": {
                    part: {"images": curve.images[part], "values": list(values)}
                    for part, values in curve.values.items()
                },
                "back_test": None
                if back is None
                else {"predicted": back.value, "low": back.low, "high": back.high, "found": curve.found},
                "holds": curve.holds,
                "fitted": curve.fitted,
                "more_images": [
                    {"images": round(one.images), "value": one.value, "low": one.low, "high": one.high}
                    for one in curve.further
                ],
            },
            "changes": [gain.to_dict() for gain in self.gains],
            "command": self.command or None,
            "runs": [
                {
                    "name": run.spec.name,
                    "images": run.images,
                    "epochs": run.epochs,
                    "seconds": round(run.seconds, 1),
                    "value": run.value if run.value == run.value else None,
                }
                for run in self.runs
            ],
            "failed": dict(self.failed),
            "notes": list(self.notes),
            "spent_s": round(self.spent_s, 1),
            "budget_s": self.plan.time_s,
        }
        return {key: without_nan(value) for key, value in document.items()}
