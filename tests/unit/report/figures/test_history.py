import math

from foveal.report.figures.history import training_curves

ROWS = [
    {
        "epoch": 1,
        "train_loss": 1.0,
        "log_loss": 0.9,
        "val_accuracy": 0.5,
        "lr": 1e-3,
        "lr_backbone": 1e-4,
    },
    {"epoch": 2, "train_loss": math.nan, "log_loss": 0.8, "images_s": 90.0, "val_accuracy": 0.7, "lr": 5e-4},
]


def test_columns_are_found_by_name():
    loss, accuracy, rate = training_curves(ROWS, "accuracy")
    assert (loss.title, accuracy.title, rate.title) == ("Loss", "Accuracy", "Learning rate")
    assert list(loss.curves) == ["train loss", "validation loss"]
    assert "includes label smoothing" in loss.note and accuracy.note == ""
    assert list(accuracy.curves) == ["accuracy"]
    assert list(rate.curves) == ["learning rate", "learning rate backbone"]


def test_missing_and_undefined_numbers_are_left_out():
    loss = training_curves(ROWS, "accuracy")[0]
    assert loss.curves["train loss"][0].tolist() == [1]
    assert loss.curves["validation loss"][1].tolist() == [0.9, 0.8]


def test_names_with_capitals_stay():
    assert [p.title for p in training_curves([{"mAP": 0.3}], "mAP")] == ["mAP"]


def test_a_loss_as_headline_is_drawn_once():
    assert [p.title for p in training_curves([{"val_loss": 0.3}], "loss")] == ["Loss"]


def test_no_history():
    assert training_curves([], "accuracy") == []


def test_the_train_loss_comes_first_even_where_it_starts_later():
    (loss,) = training_curves([{"epoch": 0, "log_loss": 1.0}, {"epoch": 1, "train_loss": 0.9, "log_loss": 0.8}], "")
    assert list(loss.curves) == ["train loss", "validation loss"]
