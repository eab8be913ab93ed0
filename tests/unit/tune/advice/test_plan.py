"""Which runs an advice plans, what they change, and how long they will take."""

from pathlib import Path

import pytest

from foveal.config.schema import parse_config
from foveal.errors import RunError
from foveal.tune.advice.changes import Change, changes_of, enlarged, family
from foveal.tune.advice.durations import Durations
from foveal.tune.advice.going import tell_apart
from foveal.tune.advice.plan import AdvicePlan, read_advice_plan, write_advice_plan
from foveal.types.size import Size

INPUT = Change("larger-input", "larger input", {"input": {"size": 96, "eval_size": 96}}, 2.25)


def test_runs_share_a_split_and_the_least_needed_come_last() -> None:
    plan = AdvicePlan(parse_config({"seed": 5, "optim": {"lr": 0.01}}, where="test"), 2)
    specs = plan.specs([INPUT])
    assert [one.name for one in specs] == [
        "eighth-seed-5", "quarter-seed-5", "half-seed-5", "all-seed-5",
        "eighth-seed-6", "quarter-seed-6", "half-seed-6", "all-seed-6",
        "larger-input-seed-5", "larger-input-seed-6",
    ]  # fmt: skip
    configs = [plan.member(one) for one in specs]
    assert {one.data.split_seed for one in configs} == {5} and [one.seed for one in configs[::4]] == [5, 6, 5]
    assert [one.data.train_fraction for one in configs[:4]] == [0.125, 0.25, 0.5, 1.0]
    assert configs[-1].input.size == Size.square(96) and configs[0].input.size is None and configs[-1].optim.lr == 0.01


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = AdvicePlan(parse_config({"data": {"path": "x"}, "train": {"epochs": 3}}, where="test"), 3, 90.0)
    write_advice_plan(tmp_path / "advice", plan)
    assert read_advice_plan(tmp_path / "advice") == plan
    with pytest.raises(RunError, match="already exists"):
        write_advice_plan(tmp_path / "advice", plan)
    (tmp_path / "advice" / "advice.toml").write_text("seeds = 'many'")
    with pytest.raises(RunError, match="damaged"):
        read_advice_plan(tmp_path / "advice")
    with pytest.raises(RunError, match="not a folder of advice"):
        read_advice_plan(tmp_path)


def test_changes_of_a_run() -> None:
    chosen = {"input": {"size": 64, "eval_size": 64}, "train": {"epochs": 4}, "model": {"weights": "none"}}
    found, notes = changes_of(parse_config({**chosen, "model": {"backbone": "resnet18", "weights": "none"}}, where="t"))
    assert [(one.name, dict(one.settings)) for one in found] == [
        ("larger-input", {"input": {"size": 96, "eval_size": 96}}),
        ("more-epochs", {"train": {"epochs": 8}}),
        ("larger-network", {"model": {"backbone": "resnet26"}}),
    ]
    assert found[2].cost == 2.0 and notes == []
    given = {**chosen, "model": {"backbone": "resnet18", "weights": "some/run"}}
    found, notes = changes_of(parse_config(given, where="t"))
    assert len(found) == 2 and notes == ["no larger network: the weights are given (some/run)"]


def test_sides_and_families() -> None:
    assert [enlarged(Size.square(side)).width for side in (32, 48, 128, 192, 224, 416)] == [48, 64, 192, 288, 320, 640]
    assert enlarged(Size(480, 352)) == Size(704, 512)
    known = ["resnet18", "resnet34", "resnet50", "resnet50d", "resnetv2_50", "tf_efficientnet_lite0"]
    assert family("resnet18", known) == ["resnet34", "resnet50"] and family("resnet50", known) == []
    assert family("tf_efficientnet_lite0", [*known, "tf_efficientnet_lite1"]) == ["tf_efficientnet_lite1"]


def test_durations_are_told_by_runs_that_are_done() -> None:
    expected = Durations({"eighth": 100, "half": 400, "all": 800}, rate_s=0.5)
    assert expected.seconds("all") == 400
    expected.add("eighth", 30)
    assert expected.seconds("eighth") == pytest.approx(33) and expected.seconds("all") == pytest.approx(1.1 * 240)
    expected.add("half", 60)  # 20 s to start, 0.1 s per unit
    assert expected.seconds("all") == pytest.approx(1.1 * 100)


def test_parts_that_hardly_differ_tell_nothing() -> None:
    """Of 52 images of 80 classes, 49 are the only ones of a class."""
    assert not tell_apart({"eighth": 49, "quarter": 49, "half": 49, "all": 52})
    assert tell_apart({"eighth": 4, "quarter": 5, "half": 10, "all": 16})
    assert tell_apart({"eighth": 80, "quarter": 161, "half": 324, "all": 640})
