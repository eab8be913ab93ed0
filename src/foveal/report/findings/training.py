"""Rules about the course of a training run."""

from collections.abc import Sequence

from foveal.report.findings.contract import Evidence, Finding
from foveal.report.wording import number, spoken

RISE = 1.1
"""Last validation loss over the least one from which it counts as risen; EMA weights keep noise below that."""
LEAST_FALL = 0.02
"""Fall of a metric between 0 and 1 from its best epoch to the last one that counts."""
GAIN = 0.01
"""Gain over the last third of the epochs from which the metric was still improving."""
LEAST_IMAGES = 1.5
"""The same in images: a single one may have turned by chance."""
OVERFIT_RATIO, OVERFIT_GAP = 2.0, 0.3
"""Validation loss over, and above, the train loss: label smoothing and augmentation raise the train loss, so that this
much cannot come from them."""


def epoch_zero_kept(evidence: Evidence) -> Sequence[Finding]:
    """Training made what it began with no better."""
    trained = [epoch for epoch, _ in evidence.scores() if epoch > 0]
    if evidence.best_epoch != 0 or not trained:
        return []
    before = f"none of {len(trained)} epochs" if len(trained) > 1 else "no epoch"
    return [
        Finding(
            "note",
            f"Epoch 0 was kept: {evidence.began_with} was beaten by {before} of fine-tuning."
            " Try a lower --lr, or more images.",
        )
    ]


def loss_rose(evidence: Evidence) -> Sequence[Finding]:
    """The validation loss rose; without one, the metric fell."""
    losses = evidence.losses()
    if len(losses) >= 3:
        epoch, least = min(losses, key=lambda pair: pair[1])
        last = losses[-1][1]
        if last < RISE * least or losses[-1][0] - epoch < 2:
            return []
        kept = "" if evidence.best_epoch is None else f"; the weights of epoch {evidence.best_epoch} were kept"
        return [
            Finding(
                "warning",
                f"Validation loss rose after epoch {epoch}, from {number(least)} to {number(last)}{kept}. Fewer epochs,"
                " stronger augmentation or more images help.",
            )
        ]
    scores = evidence.scores()
    if losses or len(scores) < 3 or not evidence.maximize:
        return []
    epoch, best = max(scores, key=lambda pair: pair[1])
    last = scores[-1][1]
    if best - last < LEAST_FALL or scores[-1][0] - epoch < 2:
        return []
    words = f"{spoken(evidence.headline)} fell after epoch {epoch}, from {number(best)} to {number(last)}"
    return [Finding("warning", f"The validation {words}; the weights of epoch {evidence.best_epoch} were kept.")]


def overfits(evidence: Evidence) -> Sequence[Finding]:
    """The training images are learnt far better than others; silent where the validation loss has risen anyway."""
    rows = [row for row in evidence.history if {"train_loss", "val_loss"} <= row.keys()]
    if not rows or loss_rose(evidence):
        return []
    train, val = rows[-1]["train_loss"], rows[-1]["val_loss"]
    if not (val > OVERFIT_RATIO * train and val - train > OVERFIT_GAP):
        return []
    return [
        Finding(
            "warning",
            f"Train loss ended at {number(train)}, validation loss at {number(val)}: the training images are learnt"
            " much better than new ones. More images or stronger augmentation help.",
        )
    ]


def still_improving(evidence: Evidence) -> Sequence[Finding]:
    """Training ended while the metric was still getting better."""
    scores = evidence.scores()
    if evidence.stop not in ("time", "epochs") or len(scores) < 3 or evidence.best_epoch != scores[-1][0]:
        return []
    before, now = scores[-1 - max(1, len(scores) // 3)], scores[-1]
    gain = (now[1] - before[1]) * (1 if evidence.maximize else -1)
    if gain < max(GAIN, LEAST_IMAGES / max(evidence.results.images, 1)):
        return []
    metric, epochs = spoken(evidence.headline), now[0]
    course = f"({number(before[1])} at epoch {before[0]}, {number(now[1])} at epoch {now[0]})"
    if evidence.stop == "time":
        text = f"The time budget ended training while {metric} was still improving {course}: give it more --time."
    else:
        text = f"{metric[0].upper() if metric.islower() else metric[0]}{metric[1:]} was still improving at the last"
        text += f" epoch {course}: train longer, such as --epochs {2 * epochs}."
    return [Finding("warning", text)]
