"""What a run took from the file that ``--model.weights`` names: on the screen, for machines, and in its folder.

A resumed run needs the statistics and the names alone, so the file may be gone by then.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from foveal.artifact.card import Card
from foveal.data.notes import listed, plural
from foveal.engine.run import Run
from foveal.errors import RunError
from foveal.models.contract import Model
from foveal.models.matching import OWN_PREFIX, WeightMatch
from foveal.models.taking import Taken
from foveal.runs.identity import near

FILE = "weights.json"


def record(taken: Taken, card: Card | None) -> dict[str, Any]:
    """The contents of weights.json."""
    return {**asdict(taken), "card": None if card is None else card.model_dump(mode="json")}


def recorded(run: Run) -> tuple[Taken, Card | None] | None:
    """What a run took, as its folder says; None: it started from no file.

    Raises:
        RunError: The file is damaged.
    """
    path = run.folder / FILE
    if not path.exists():
        return None
    values: dict[str, Any] = run.read_json(FILE)
    try:
        card = values.pop("card")
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        taken = Taken(**fields)
        return taken, None if card is None else Card.model_validate(card)
    except (TypeError, ValueError, AttributeError, KeyError):
        raise RunError(f"{path}: damaged.", "Start a new run with --out.") from None


def recall(network: Model, taken: Taken) -> None:
    """Tell a network, about to be restored from a checkpoint, which of its tensors were taken."""
    inside = [name.removeprefix(OWN_PREFIX) for name in taken.whole if name.startswith(OWN_PREFIX)]
    network.backbone.match = WeightMatch(tuple(inside), missing=(), mismatched=(), unused=taken.unused)
    network.taken = taken


def in_one_line(taken: Taken) -> str:
    """How many of how many tensors, which classes, what was left and why."""
    whole = len(taken.whole)
    parts = [f"{whole:,} of {plural(taken.total, 'tensor')} taken"]
    if taken.partly:
        parts[0] += f", {len(taken.partly)} more in part"
    if taken.known and taken.new:
        parts.append(f"classes kept: {listed(taken.known)}; new: {listed(taken.new)}")
    if taken.gone and taken.known:
        parts.append(f"classes dropped: {listed(taken.gone)}")
    if taken.left:
        parts.append(f"left at random: {_reasons(taken.left)}")
    return f"weights of {near(taken.origin)}: {'; '.join(parts)}"


def _reasons(left: Mapping[str, str]) -> str:
    """Modules by reason, with the number of their tensors."""
    groups: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, why in left.items():
        module = name.removeprefix(OWN_PREFIX).split(".")[:-1]
        groups[why][".".join(module[:2])] += 1
    texts = []
    for why, modules in groups.items():
        texts.append(f"{listed([*modules])} ({plural(sum(modules.values()), 'tensor')}, {why})")
    return ", ".join(texts)
