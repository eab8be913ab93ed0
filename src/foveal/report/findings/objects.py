"""Rules about objects that are not found, and counts that reach a limit."""

from collections.abc import Sequence

from foveal.report.findings.contract import Evidence, Finding, listed
from foveal.report.wording import count

LEAST_OBJECTS, LOW_RECALL = 3, 0.5
"""Classes with fewer objects are not told; nor those of which this share is found."""
SMALL_PX = 16.0
"""Median side at the model's input below which a larger input is advised: two cells of the finest map of a pyramid of
stride 8."""
SIDES_PX = (128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536)
"""Longer sides of the inputs that are advised."""
MAX_NAMED = 2
"""Classes that have a finding of their own."""


def not_found(evidence: Evidence) -> Sequence[Finding]:
    """Classes of which less than half is found, the one with most missed objects first; small ones with a remedy."""
    missed: list[tuple[int, str, int, int]] = []
    for name, row in evidence.results.per_class.items():
        total = row.get("objects", 0.0)
        if total >= LEAST_OBJECTS and row.get("recall", 1.0) < LOW_RECALL:
            found = round(row["recall"] * total)
            missed.append((int(total) - found, name, found, int(total)))
    missed.sort(key=lambda one: -one[0])
    out = [
        Finding("problem" if not found else "warning", _words(evidence, name, found, total))
        for _, name, found, total in missed[:MAX_NAMED]
    ]
    rest = [name for _, name, *_ in missed[MAX_NAMED:]]
    if rest:
        out.append(Finding("warning", f"Less than half is found of {listed(rest)} too."))
    return out


def at_limit(evidence: Evidence) -> Sequence[Finding]:
    """Images with as many detections as the model can give, or more objects than that."""
    if not evidence.limit:
        return []
    over = sum(n > evidence.limit for n in evidence.true)
    full = sum(n >= evidence.limit for n in evidence.predicted)
    if over:
        have = "images have" if over > 1 else "image has"
        text = f"{count(over)} {have} more than {evidence.limit} objects, the most that this model predicts in one"
        return [Finding("problem", f"{text}: counts are too low. Raise --max-objects.")]
    if full:
        images = "images" if full > 1 else "image"
        text = f"In {count(full)} {images} the {evidence.limit} detections that the model gives at most were reached"
        return [Finding("warning", f"{text}: counts may be too low. Raise --max-objects.")]
    return []


def _words(evidence: Evidence, name: str, found: int, total: int) -> str:
    """For example ``Platelets: 0 of 25 found, median 9 px at this input: try --size 640``."""
    text = f"{name}: {count(found)} of {count(total)} found"
    size = evidence.input_size
    side = 0.0 if size is None else evidence.results.sizes.get(name, 0.0) * size.longer
    trained = evidence.trained.get(name, total)
    if size is None or not side:
        return text + "."
    text += f", median {side:.0f} px at this input"
    if side >= SMALL_PX:
        few = f"; it has {count(trained)} training {evidence.noun}" if trained < total * 4 and evidence.trained else ""
        return f"{text}{few}."
    larger = [px for px in SIDES_PX if px > size.longer]
    enough = [px for px in larger if px >= size.longer * SMALL_PX / side]
    if not larger:
        return f"{text}: cut the images into tiles with --tile."
    return f"{text}: try --size {size.times((enough or larger[-1:])[0] / size.longer, multiple=32)}."
