"""Phases of a training: inputs that grow, and images that are combined until shortly before the end."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.scenes import UNKNOWN, write_masks

import foveal
from foveal.config.phases import COMBINED, phases_of
from foveal.config.schema import RunConfig, parse_config
from foveal.data.catalog.catalog import Catalog
from foveal.engine.runtime import Runtime
from foveal.errors import ConfigError
from foveal.runs.data import open_data
from foveal.runs.plan import ImagePlan, input_spec, make_plan
from foveal.runs.report.batch import first_batch
from foveal.runs.resolve import resolve
from foveal.tune.space.bounds import bounds_of
from foveal.tune.space.usual import usual
from foveal.types.size import Size

PLAIN = {"model": {"backbone": "conv4", "weights": "none"}, "train": {"epochs": 10, "batch_size": 8}}


def opened(source: Path, **sections: dict[str, object]) -> tuple[RunConfig, Catalog]:
    own = {"path": str(source), "workers": 0, **sections.pop("data", {})}
    values = {**PLAIN, **sections, "data": own}
    config = parse_config(values, where="a test")
    catalog, _ = open_data(config)
    return resolve(config, catalog.split("train")).config, catalog


def planned(source: Path, folder: Path, **sections: dict[str, object]) -> ImagePlan:
    config, catalog = opened(source, **sections)
    return make_plan(config, catalog, runtime=Runtime(config.runtime, log_dir=folder))


def test_a_training_is_one_phase_unless_settings_ask_for_more(squares: Path) -> None:
    config, catalog = opened(squares)
    (only,) = phases_of(config, spec := input_spec(config, catalog.split("train"), None))
    assert (only.start, only.spec, only.augment) == (0.0, spec, config.augment)


def test_the_input_grows_in_equal_steps_to_its_full_size(squares: Path) -> None:
    config, catalog = opened(
        squares, input={"size": 160, "eval_size": 192}, schedule={"first_size": 0.4, "full_size_from": 0.8}
    )
    phases = phases_of(config, input_spec(config, catalog.split("train"), None))
    assert [phase.start for phase in phases] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert [phase.spec.train_size.width for phase in phases] == [64, 96, 128, 128, 160]
    assert [phase.spec.size.width for phase in phases] == [64, 96, 128, 160, 192]
    assert {phase.augment for phase in phases} == {config.augment}


def test_images_are_combined_until_shortly_before_the_end(squares: Path) -> None:
    config, catalog = opened(squares, augment={"mixup": 0.2, "cutmix": 1.0, "mix_until": 0.7, "erasing": 0.1})
    first, last = phases_of(config, input_spec(config, catalog.split("train"), None))
    assert (first.start, first.augment) == (0.0, config.augment)
    assert last.start == 0.7
    assert not any(getattr(last.augment, name) for name in COMBINED)
    assert last.augment.erasing == 0.1


def test_combined_to_the_very_end_or_not_at_all(squares: Path) -> None:
    for until, mixes in ((1.0, True), (0.0, False)):
        config, catalog = opened(squares, augment={"mixup": 0.2, "mix_until": until})
        (only,) = phases_of(config, input_spec(config, catalog.split("train"), None))
        assert bool(only.augment.mixup) == mixes


@pytest.mark.parametrize("size", [Size(44, 60), Size(96, 16), Size(100, 100)])
def test_no_input_is_larger_than_the_full_one(squares: Path, size: Size) -> None:
    config, catalog = opened(squares, input={"size": size, "eval_size": size}, schedule={"first_size": 0.6})
    for phase in phases_of(config, input_spec(config, catalog.split("train"), None)):
        assert phase.spec.train_size.width <= size.width and phase.spec.train_size.height <= size.height


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"schedule": {"first_size": 0.5, "full_size_from": 0.0}}, "has no use while --schedule.full-size-from is 0."),
        ({"schedule": {"first_size": 0.5}, "train": {"epochs": 1}}, "has no use in a single epoch."),
        (
            {"schedule": {"first_size": 0.95}, "input": {"size": 96}},
            "0.95 leaves inputs at their full size, 96 px: sides of smaller ones are multiples of 32 px.",
        ),
    ],
)
def test_an_input_that_cannot_grow_is_refused(
    squares: Path, sections: dict[str, dict[str, object]], message: str
) -> None:
    config, catalog = opened(squares, **sections)
    with pytest.raises(ConfigError) as error:
        phases_of(config, input_spec(config, catalog.split("train"), None))
    assert error.value.what == f"--schedule.first-size {message}"


@pytest.mark.parametrize("side", [48, 64, 96, 224])
def test_inputs_grow_from_every_size_that_a_search_tries(squares: Path, side: int) -> None:
    sizes = {"input": {"size": side, "eval_size": side}}
    bounds = bounds_of("schedule.first_size")
    assert bounds is not None
    found = usual("schedule.first_size", bounds, None, lr=0.01)
    assert found is not None
    for share in (0.0, 0.5, 1.0):
        config, catalog = opened(squares, schedule={"first_size": found.at(share)}, **sizes)
        phases = phases_of(config, input_spec(config, catalog.split("train"), None))
        assert phases[0].spec.size.width < phases[-1].spec.size.width == side


def test_smaller_inputs_are_whole_whitening_patches(squares: Path) -> None:
    config, catalog = opened(
        squares,
        input={"size": 192, "normalize": "zca", "whitening_patch": 3},
        schedule={"first_size": 0.6},
    )
    phases = phases_of(config, input_spec(config, catalog.split("train"), None))
    assert [phase.spec.train_size.width for phase in phases] == [96, 192]


def test_batches_have_the_size_of_their_phase_and_masks_keep_their_scale(tmp_path: Path) -> None:
    data = write_masks(tmp_path / "squares")
    plan = planned(
        data,
        tmp_path,
        model={"backbone": "conv5", "weights": "none"},
        input={"size": Size(128, 96), "eval_size": Size(128, 96)},
        schedule={"first_size": 0.5, "full_size_from": 0.5},
        data={"ignore": [UNKNOWN]},
    )
    assert plan.phase_at(0.0) == 0
    assert plan.phase_at(0.5) == plan.phase_at(1.0) == len(plan.phases) - 1
    shares = []
    for number in (0, len(plan.phases) - 1):
        plan.enter(number)
        batch = next(plan.batches(start=0))
        size = plan.phases[number].spec.train_size
        assert batch.images.shape[-2:] == batch.targets["mask"].shape[-2:] == size.shape
        shares.append(np.bincount(batch.targets["mask"].flatten().numpy(), minlength=3)[:3] / size.area)
    assert plan.phases[0].spec.train_size == Size(64, 64)
    np.testing.assert_allclose(shares[0] / shares[0].sum(), shares[1] / shares[1].sum(), atol=0.05)


def test_the_first_batch_is_shown_as_the_first_phase_made_it(squares: Path, tmp_path: Path) -> None:
    plan = planned(squares, tmp_path, augment={"mixup": 1.0, "mix_until": 0.5})
    plan.enter(-1)
    assert all(image.caption.endswith(", mixed with another") for image in first_batch(plan))


def test_a_run_trains_in_its_phases(squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, float]] = []
    honest = ImagePlan.forward

    def forward(self: ImagePlan, network: torch.nn.Module, batch: object) -> dict[str, torch.Tensor]:
        seen.append((batch.images.shape[-1], self.augment.mixup))  # type: ignore[attr-defined]
        return honest(self, network, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(ImagePlan, "forward", forward)
    settings = {
        **PLAIN,
        "input": {"size": 64},
        "schedule": {"first_size": 0.5, "full_size_from": 0.4},
        "augment": {"mixup": 0.2, "mix_until": 0.8},
    }
    foveal.train(squares, out=tmp_path / "run", settings=settings)
    epochs = [seen[at] for at in range(0, len(seen), len(seen) // 10)]
    assert epochs == [(32, 0.2)] * 2 + [(64, 0.2)] * 6 + [(64, 0.0)] * 2
