import pytest

from foveal.engine.config import TrainConfig
from foveal.engine.ending import in_words


@pytest.mark.parametrize(
    ("ended", "epoch", "words"),
    [
        ("epochs", 8, "all 8 epochs are done"),
        ("patience", 5, "stopped after epoch 5 of 8: no improvement in 2 epochs (--train.patience)"),
        ("time", 3, "stopped in epoch 3: the time budget of 90s (--time)"),
        ("time", 0, "stopped before the first step: the time budget of 90s (--time)"),
        ("interrupted", 3, "interrupted in epoch 3 of 8"),
        ("interrupted", 0, "interrupted before the first step"),
    ],
)
def test_why_a_run_ended(ended: str, epoch: int, words: str) -> None:
    train = TrainConfig(patience=2, time_s=90)
    assert in_words(ended, epoch=epoch, epochs=8, train=train) == words


@pytest.mark.parametrize(("seconds", "words"), [(40, "40s"), (600, "10m"), (5400, "1.5h"), (61.5, "61.5s")])
def test_a_budget_is_written_as_it_is_typed(seconds: float, words: str) -> None:
    assert f"budget of {words} " in in_words("time", epoch=1, epochs=2, train=TrainConfig(time_s=seconds))
