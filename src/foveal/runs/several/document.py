"""A comparison as one JSON document."""

import math
from collections.abc import Mapping

from foveal.metrics.paired.difference import Difference
from foveal.runs.several.comparison import Comparison
from foveal.runs.several.flips import counts_of, flips_of


def to_dict(done: Comparison) -> dict[str, object]:
    """What ``foveal compare --json`` prints; undefined numbers are null."""
    names = done.names
    return {
        "images": len(done.common),
        "groups": None if done.common.groups is None else int(done.common.groups.max()) + 1,
        "task": done.sides[0].members[0].kept.header["task"],
        "metric": done.metric,
        "margin": done.margin,
        "sides": [
            {
                "name": side.name,
                "runs": [member.name for member in side.members],
                "folds": side.folds,
                "split": side.members[0].kept.header.get("split", ""),
                "metrics": {name: _number(values[k]) for name, values in done.values.items()},
                "sd_over_seeds": {name: _number(values[k]) for name, values in done.spreads.items()},
            }
            for k, side in enumerate(done.sides)
        ],
        "settings": {key: list(values) for key, values in done.settings},
        "pairs": [
            {
                "a": names[pair.a],
                "b": names[pair.b],
                **_difference(pair.difference),
                "p_holm": _number(pair.adjusted),
                "decision": pair.decision,
            }
            for pair in done.pairs
        ],
        "metrics": [
            {"a": names[a], "b": names[b], **_difference(found), "better": done.better[found.metric]}
            for a, b, found in done.others
        ],
        "per_class": {
            name: {column: [_number(value) for value in values] for column, values in columns.items()}
            for name, columns in done.per_class.items()
        },
        "flips": [
            {
                "a": names[pair.a],
                "b": names[pair.b],
                "better_by_a": counts_of(done, pair)[0],
                "better_by_b": counts_of(done, pair)[1],
                "images": [flip.to_dict() for flip in flips_of(done, pair)],
            }
            for pair in done.pairs
        ],
        "notes": list(done.notes),
    }


def _difference(found: Difference) -> Mapping[str, object]:
    exact = {} if found.only_a is None else {"only_a": found.only_a, "only_b": found.only_b}
    return {
        "metric": found.metric,
        "a_value": _number(found.a),
        "b_value": _number(found.b),
        "difference": _number(found.difference),
        "low": _number(found.low),
        "high": _number(found.high),
        "p": _number(found.p),
        "test": found.test,
        **exact,
        "smallest_visible": _number(found.smallest_visible),
    }


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if math.isfinite(value) else None
