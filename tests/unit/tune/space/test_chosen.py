from pathlib import Path

import pytest

from foveal.config.schema import RunConfig
from foveal.errors import ConfigError
from foveal.runs.resolve import with_defaults
from foveal.tasks.table import TASKS
from foveal.tune.space.chosen import Spaces
from foveal.tune.space.dimension import Choice, Range


def spaces(task: str = "classify") -> Spaces:
    return Spaces(task, with_defaults(RunConfig(), task), lr=0.01)


def test_a_named_setting_has_its_usual_range_within_its_bounds() -> None:
    space = spaces().named(["optim.lr", "augment.policy", "classify.dropout"])
    assert space.dimensions == (
        Range("optim.lr", 0.000333, 0.3, log=True),
        Choice("augment.policy", ("none", "trivial", "rand")),
        Range("classify.dropout", 0.0, 0.5),
    )
    assert spaces().named(["--optim.weight-decay"]).dimensions[0].key == "optim.weight_decay"


def test_a_pattern_takes_what_concerns_the_task() -> None:
    keys = [one.key for one in spaces().named(["augment.*"]).dimensions]
    assert "augment.crop_scale" in keys and "augment.mosaic" not in keys
    keys = [one.key for one in spaces("detect").named(["augment.*"]).dimensions]
    assert "augment.scale_jitter" in keys and "augment.mixup" not in keys


@pytest.mark.parametrize("task", [name for name in TASKS if name in ("classify", "detect", "segment", "instance")])
def test_every_task_has_a_usual_space(task: str) -> None:
    space = spaces(task).default({})
    keys = [one.key for one in space.dimensions]
    assert "optim.lr" in keys and any(key.startswith(f"{task}.") for key in keys) and 4 <= len(keys) <= 7
    for share in (0.0, 0.3, 1.0):
        assert space.at([share] * len(space))


def test_what_the_user_gave_is_not_searched_by_default() -> None:
    keys = [one.key for one in spaces().default({"optim": {"lr": 0.1}}).dimensions]
    assert "optim.lr" not in keys and "optim.weight_decay" in keys


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text(
        '"optim.lr" = { low = 1e-5, high = 1e-2 }\n'
        "[augment]\ncrop_scale = [0.2, 0.5, 1]\nhorizontal_flip = { low = 0.0, high = 0.5 }\n"
        '[model]\nbackbone = ["resnet18", "resnet34"]\n[input]\nsize = [160, 192]\n'
    )
    assert spaces().read(file).dimensions == (
        Range("optim.lr", 1e-5, 1e-2, log=True),
        Choice("augment.crop_scale", (0.2, 0.5, 1.0)),
        Range("augment.horizontal_flip", 0.0, 0.5),
        Choice("model.backbone", ("resnet18", "resnet34")),
        Choice("input.size", (160, 192)),
    )


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("optim.lrr = [1, 2]", "unknown key 'optim.lrr'.", "Did you mean 'optim.lr'?"),
        ("optim.lr = { low = 0.1, high = 0.1 }", "optim.lr from 0.1 to 0.1 is empty.", "low must be below high."),
        (
            "optim.lr = { low = 0.1, high = 1000 }",
            "optim.lr = 1000 is out of bounds.",
            "It allows: above 0, at most 100.",
        ),
        (
            "optim.lr = { low = 0.1 }",
            "optim.lr needs a list of values, or low and high.",
            "It allows: above 0, at most",
        ),
        (
            "classify.dropout = { low = 0, high = 0.5, log = true }",
            "classify.dropout has no logarithm at 0.",
            "log = false",
        ),
        (
            "augment.policy = ['none', 'all']",
            "augment.policy = 'all' is not allowed.",
            "It allows: none, trivial, rand.",
        ),
        (
            "augment.policy = ['none']",
            "augment.policy has 1 value, so there is nothing to search.",
            "Name two or more.",
        ),
        ("optim.lr = []", "optim.lr has 0 values, so there is nothing to search.", "Name two or more."),
        (
            "optim.lr = { low = 1e-3, high = 0.1, step = 2 }",
            "optim.lr has no use for 'step'.",
            "A range has low, high and perhaps log; a choice is a list of values.",
        ),
        ("optim.lr = { low = 1e-3, high = inf }", "optim.lr from 0.001 to inf has no end.", "Name numbers."),
        (
            "train.batch_size = { low = 4.5, high = 32 }",
            "train.batch_size = 4.5 is no whole number.",
            "It takes whole numbers alone.",
        ),
        ('"optim.lr" = [0.1, 0.2]\n[optim]\nlr = [0.1, 0.3]', "optim.lr is there twice.", "Remove one of them."),
        ("train.batch_size = [8, 16.5]", "train.batch_size = 16.5 is not allowed.", "It allows: at least 1"),
        ("data.val_fraction = [0.1, 0.2]", "data.val_fraction would compare different images.", "other settings"),
        ("seed = [1, 2]", "seed would compare different images.", "other settings"),
        ("train.time_s = [10, 20]", "trials are compared by epochs", "--time"),
        ("data.workers = [0, 2]", "no result depends on data.workers.", "other settings"),
        ("detect.box_weight = [1, 2]", "--detect.box-weight is a setting of detect", "detect"),
        ("augment.mosaic = [0.0, 0.5]", "--augment.mosaic is a setting of", "Leave it out"),
        ("segment.losses = [['dice']]", "is a setting of segment", "segment"),
        ("", "it names no setting.", "For example"),
        ("optim.lr = ", "not TOML", "quotes"),
        ("optim.lr = { low = 1", "not TOML (Unclosed inline table", "For example"),
        (
            "optim.lr = { low = 0, high = 0.1, log = 'false' }",
            "optim.lr: log = 'false' is neither true nor false.",
            "Write log = true or log = false.",
        ),
        ("train.batch_size = { low = true, high = 9 }", "train.batch_size: low = True is no number.", "without quotes"),
        ("optim.lr = { low = '1e-3', high = 0.1 }", "optim.lr: low = '1e-3' is no number.", "without quotes"),
        (
            "optim.lr = { low = 1e-3, high = 0.1, values = [0.1, 0.2] }",
            "optim.lr has both values and low.",
            "A range has low, high and perhaps log; a choice is a list of values.",
        ),
        ('"optim.lr" = {}\n"optim.momentum" = [0.8, 0.9]', "optim.lr needs a list of values", "It allows: above 0"),
        ("[optim]\n[augment]\nhue = [0.0, 0.1]", "[optim] is empty.", "Name a setting in it, or remove it."),
        ("train.epochs = [10, 20]", "trials are compared by epochs, so train.epochs cannot be searched.", "--epochs"),
        (
            "segment.dice_weight = [0.1, 0.2]",
            "unknown key 'segment.dice_weight', and the task is classify, which has no use for settings of segment.",
            "Leave it out.",
        ),
        ("optim.zzz = [0.1, 0.2]", "unknown key 'optim.zzz'.", "`foveal train --help-all` lists all keys."),
        ("classify.drop_out = [0.1, 0.2]", "unknown key 'classify.drop_out'.", "Did you mean 'classify.dropout'?"),
        ("lr = [0.1, 0.2]", "unknown key 'lr'.", "Did you mean 'optim.lr'?"),
    ],
)
def test_what_a_file_may_not_name(tmp_path: Path, text: str, what: str, hint: str) -> None:
    file = tmp_path / "space.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        spaces().read(file)
    assert what in caught.value.what and hint in caught.value.hint, caught.value


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_bytes("optim.lr = [0.1, 0.2] # Größe".encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        spaces().read(file)
    assert "not a text in UTF-8" in caught.value.what and caught.value.hint == "Save it as UTF-8."


def test_a_setting_whose_bounds_are_far_apart_stays_near_its_default() -> None:
    assert spaces("detect").named(["detect.channels"]).dimensions == (
        Range("detect.channels", 8, 640, log=False, whole=True),
    )
    assert spaces().named(["schedule.gamma"]).dimensions == (Range("schedule.gamma", 0.01, 1.0, log=True),)


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("model.*", "--tune model.*: none of the matching settings has a usual range.", "in a file for --space"),
        ("train.batch_size", "no usual range is known (at least 1, at most 65536).", "{ low = ..., high = ... }"),
        ("input.size", "no usual range is known (at least 8, at most 4096).", '"input.size" = { low = ..., high'),
        ("model.backbone", "no usual range is known (any text).", '"model.backbone" = ["...", "..."]'),
        ("train.epochs", "trials are compared by epochs, so train.epochs cannot be searched.", "Use --epochs"),
        ("segment.dice_weight", "the task is classify, which has no use for settings of segment", "Leave it out."),
    ],
)
def test_a_name_without_a_range(name: str, what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spaces().named([name])
    assert what in caught.value.what and hint in caught.value.hint, caught.value


def test_what_cannot_be_named() -> None:
    for name, what in (
        ("optim.learning_rate", "--tune: unknown key 'optim.learning_rate'."),
        ("zzz.*", "--tune zzz.*: no setting that can be searched is called so."),
        ("model.backbone", "--tune model.backbone: no usual range is known (any text)."),
        ("segment.losses", "--segment.losses is a setting of segment"),
    ):
        with pytest.raises(ConfigError) as caught:
            spaces().named([name])
        assert what in caught.value.what, caught.value.what
    with pytest.raises(ConfigError, match="is neither a number nor a choice"):
        spaces("segment").named(["segment.losses"])
    with pytest.raises(ConfigError, match="cannot be read"):
        spaces().read(Path("nowhere.toml"))
