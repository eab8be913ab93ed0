import math

import pytest

from foveal.types.goal import Goal


def test_more_or_less_is_better() -> None:
    assert Goal("mAP").better({"mAP": 0.3}, None)
    assert Goal("mAP").better({"mAP": 0.3}, {"mAP": 0.2})
    assert not Goal("mAP").better({"mAP": 0.2}, {"mAP": 0.3})
    assert Goal("mae", maximize=False).better({"mae": 0.2}, {"mae": 0.3})
    assert not Goal("mae", maximize=False).better({"mae": 0.3}, {"mae": 0.2})


@pytest.mark.parametrize(("loss", "better"), [(0.4, True), (0.5, True), (0.6, False)])
def test_equal_scores_are_decided_by_the_loss(loss: float, better: bool) -> None:
    goal = Goal("accuracy", tie_break="val_loss")
    assert goal.better({"accuracy": 1.0, "val_loss": loss}, {"accuracy": 1.0, "val_loss": 0.5}) == better
    assert goal.better({"accuracy": 1.0, "val_loss": loss}, {"accuracy": 0.9, "val_loss": 0.1})


def test_without_a_loss_the_later_of_equal_epochs_is_kept() -> None:
    assert Goal("mIoU").better({"mIoU": 0.5}, {"mIoU": 0.5})


def test_an_undefined_score_beats_only_nothing() -> None:
    assert Goal("mAP").better({"mAP": math.nan}, None)
    assert not Goal("mAP").better({"mAP": math.nan}, {"mAP": 0.0})
    assert Goal("mAP").better({"mAP": 0.0}, {"mAP": math.nan})


@pytest.mark.parametrize(("loss", "better"), [(0.4, True), (0.6, False), (math.nan, True)])
def test_undefined_scores_are_decided_by_the_loss(loss: float, better: bool) -> None:
    goal = Goal("average_precision", tie_break="val_loss")
    new, old = ({"average_precision": math.nan, "val_loss": value} for value in (loss, 0.5))
    assert goal.better(new, old) == better
