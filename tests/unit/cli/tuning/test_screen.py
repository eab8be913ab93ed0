from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from tests.unit.tune.search.test_budget import PLAN

from foveal.cli.screens import DASH
from foveal.cli.tuning.screen import LiveTable
from foveal.tune.document import visible_in_words
from foveal.tune.space.dimension import Range, Space
from foveal.tune.study.folder import Study, begin_study
from foveal.tune.study.lease import make
from foveal.tune.study.trial import write_about

KEYS = ("optim.lr", "optim.weight_decay", "optim.layer_decay", "augment.crop_scale", "classify.dropout")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A default that trains, and a trial that pauses."""
    space = Space(tuple(Range(key, 0.001, 0.9) for key in KEYS))
    made = begin_study(tmp_path / "s", replace(PLAN, space=space))
    for number in (0, 1):
        place = made.place(number)
        place.mkdir()
        write_about(place, number, dict.fromkeys(KEYS, 0.00774), "sobol")
        (place / "config.toml").write_text("[train]\nepochs = 9\n")
    make(made.place(0), 1, target=1.0)
    (made.place(1) / "metrics.csv").write_text("epoch,accuracy\n0,0.1\n1,0.361\n")
    return made


def lines(study: Study, width: int) -> list[str]:
    console = Console(width=width)
    with console.capture() as caught:
        console.print(LiveTable(study, console).drawn())
    return [line.rstrip() for line in caught.get().splitlines()]


def test_columns_that_do_not_fit_are_left_out_and_named(study: Study) -> None:
    head, default, paused, foot = lines(study, 80)
    assert head.split() == ["trial", "state", "accuracy", "lr", "weight_decay", "layer_decay", "crop_scale"]
    assert default.split() == ["0", "running", "0/9", DASH, *["0.00774"] * 4]
    assert paused.split() == ["1", "paused", "1/9", "0.361", *["0.00774"] * 4]
    assert foot == "  2 trials, 0 complete; no room for dropout"


def test_a_wide_screen_shows_all_and_a_narrow_one_the_scores(study: Study) -> None:
    head, *_, foot = lines(study, 120)
    assert head.split()[-1] == "dropout" and foot == "  2 trials, 0 complete"
    head, default, *_ = lines(study, 32)
    assert head.split() == ["trial", "state", "accuracy"] and default.split()[:3] == ["0", "running", "0/9"]


def test_what_could_be_seen() -> None:
    seen = "a true difference of {} would have been seen four times in five"
    assert visible_in_words(0.25, maximize=True) == seen.format("0.250")
    assert visible_in_words(1.913, maximize=True) == "so few runs show no difference at all"
    assert visible_in_words(1.913, maximize=False) == seen.format("1.913"), "an error has no largest value"
    assert visible_in_words(None, maximize=True) == ""
