import pytest

from foveal.metrics.contract import Results
from foveal.report.findings.contract import Evidence
from foveal.report.findings.training import epoch_zero_kept, loss_rose, overfits, still_improving


def course(losses=(), scores=(), train=(), *, first=1, **more) -> Evidence:
    """A run with one row an epoch."""
    rows = [{"epoch": float(first + i)} for i in range(max(len(losses), len(scores)))]
    for name, values in (("val_loss", losses), ("accuracy", scores), ("train_loss", train)):
        for row, value in zip(rows, values, strict=False):
            row[name] = value
    return Evidence(Results(60, {}, {}), "accuracy", history=rows, **more)


def test_a_given_model_that_was_kept_is_no_fitted_head():
    (one,) = epoch_zero_kept(course(scores=[0.9, 0.8, 0.8], first=0, best_epoch=0, began_with="the given model"))
    assert one.text.startswith("Epoch 0 was kept: the given model was beaten by none of 2 epochs of fine-tuning.")


def test_the_loss_rose():
    (one,) = loss_rose(course([0.9, 0.6, 0.5, 0.6, 0.8], best_epoch=4))
    assert one.severity == "warning"
    assert one.text == (
        "Validation loss rose after epoch 3, from 0.500 to 0.800; the weights of epoch 4 were kept. Fewer epochs,"
        " stronger augmentation or more images help."
    )


@pytest.mark.parametrize("losses", [[0.9, 0.6, 0.5], [0.5, 0.51, 0.54], [0.9, 0.5, 0.9], [], [0.4, 0.9]])
def test_a_loss_that_wavers_is_nothing(losses):
    assert loss_rose(course(losses)) == []


def test_without_a_loss_the_metric_itself_may_fall():
    (one,) = loss_rose(course(scores=[0.2, 0.5, 0.45, 0.4], best_epoch=2))
    assert one.text == (
        "The validation accuracy fell after epoch 2, from 0.500 to 0.400; the weights of epoch 2 were kept."
    )
    assert loss_rose(course(scores=[0.2, 0.5, 0.49, 0.495])) == []


def test_epoch_zero_was_kept():
    (one,) = epoch_zero_kept(course([1, 1, 1], [0.9, 0.88, 0.87], first=0, best_epoch=0))
    assert one.severity == "note"
    assert one.text == (
        "Epoch 0 was kept: the head fitted to the pretrained features was beaten by none of 2 epochs of"
        " fine-tuning. Try a lower --lr, or more images."
    )
    assert epoch_zero_kept(course([1, 1], [0.8, 0.9], first=0, best_epoch=1)) == []
    assert epoch_zero_kept(course([1], [0.8], first=0, best_epoch=0)) == [], "nothing was trained"


def test_the_training_images_are_learnt_much_better():
    (one,) = overfits(course([1.0, 0.95], train=[0.5, 0.1]))
    assert one.text.startswith("Train loss ended at 0.100, validation loss at 0.950: the training images are learnt")
    assert overfits(course([1.0, 0.95], train=[0.9, 0.8])) == []
    assert overfits(course([0.2, 0.05, 0.2, 0.6], train=[0.5, 0.1, 0.05, 0.01])) == [], "told by the rise already"


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (
            "time",
            "The time budget ended training while accuracy was still improving (0.600 at epoch 2, 0.700 at epoch 3):"
            " give it more --time.",
        ),
        (
            "epochs",
            "Accuracy was still improving at the last epoch (0.600 at epoch 2, 0.700 at epoch 3): train longer, such as"
            " --epochs 6.",
        ),
    ],
)
def test_it_was_still_improving(stop, text):
    (one,) = still_improving(course(scores=[0.5, 0.6, 0.7], best_epoch=3, stop=stop))
    assert one.text == text


def test_it_had_stopped_improving():
    assert still_improving(course(scores=[0.5, 0.7, 0.7], best_epoch=3, stop="time")) == []
    assert still_improving(course(scores=[0.5, 0.7, 0.6], best_epoch=2, stop="time")) == []
    assert still_improving(course(scores=[0.5, 40 / 60, 41 / 60], best_epoch=3, stop="time")) == [], "one image"
    assert still_improving(course(scores=[0.5, 0.6, 0.7], best_epoch=3, stop="interrupt")) == []
