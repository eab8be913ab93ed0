"""The search over batch sizes, on attempts whose outcome is known and on real ones."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.conftest import Outcome

from foveal.errors import ConfigError
from foveal.tune.finders.attempts import Attempt, Chosen, State, attempt
from foveal.tune.finders.find_batch import BatchFound, find_batch
from foveal.tune.finders.memory import Memory

Command = Callable[..., Outcome]
GIB = 2**30
SMALL = ["--model.backbone=conv4", "--model.weights=none", "--input.normalize=dataset", "--data.workers=0"]


def machine(
    speed: Callable[[int], float],
    *,
    images: int = 256,
    limit: float = 16.0,
    default: int = 32,
    optimizer: str = "adamw",
) -> Callable[[Mapping[str, object], int | None, float | None], tuple[Chosen, Attempt]]:
    """A machine on which a batch of B has a speed and takes 1 GiB and B / 64 more."""

    def one(asked: Mapping[str, object], batch: int | None, limit_s: float | None) -> tuple[Chosen, Attempt]:
        size = batch or default
        chosen = Chosen("classify", default, 1, images, 224, "net", 1e-3, True, optimizer, "cpu", "CPU", 2, 0, "2")
        memory = Memory("container", round(limit * GIB), GIB, round((1 + size / 64) * GIB))
        if memory.most_bytes > memory.limit_bytes:
            return chosen, Attempt(size, "out_of_memory")
        state: State = "measured" if memory.fits else "too_large"
        return chosen, Attempt(size, state, speed(size), size / speed(size), (memory,))

    return one


def found(squares: Path, speed: Callable[[int], float], **about: object) -> BatchFound:
    return find_batch(squares, attempt_one=machine(speed, **about))  # type: ignore[arg-type]


def states(done: BatchFound) -> dict[int, str]:
    return {one.batch_size: one.state for one in done.tries}


def test_a_machine_that_gains_from_large_batches(squares: Path) -> None:
    """Speeds 50, 67, 80, 89, 94: up to all images, and 128 is within 5% of them."""
    done = found(squares, lambda size: 100 * size / (size + 16))
    assert states(done) == dict.fromkeys((16, 32, 64, 128, 256), "measured")
    assert done.best is not None and done.best.batch_size == 256
    assert done.lr == pytest.approx(1e-3 * 8**0.5, rel=1e-3) and done.rule == "square root"
    assert f"foveal train {squares} --batch-size 256 --lr 0.00283 --optim.adapt-lr" == done.command
    assert done.notes == [
        "a batch holds at most all 256 training images",
        "an epoch has only 1 step with it: it may need more epochs (--epochs)",
    ]


def test_a_machine_that_gains_nothing(squares: Path) -> None:
    done = found(squares, lambda size: 100.0)
    assert list(states(done)) == [8, 16, 32, 64, 128]
    assert done.best is not None and done.best.batch_size == 8
    assert done.lr == 5e-4
    assert done.notes == ["batches above 128 were not tried: the last ones brought less than 5%"]


def test_the_default_needs_no_flags(squares: Path) -> None:
    done = found(squares, lambda size: 100.0 if size >= 32 else 50.0)
    assert done.best is not None and done.best.batch_size == 32 and done.command == f"foveal train {squares}"


def test_sgd_scales_linearly(squares: Path) -> None:
    done = found(squares, lambda size: 100.0, optimizer="sgd")
    assert done.rule == "linear" and done.lr == 2.5e-4


def test_memory_ends_the_search_before_it_runs_out(squares: Path) -> None:
    """Of 3 GiB, 2.7 may be taken: 64 take 2, and 128 would take 3."""
    done = found(squares, float, limit=3.0)
    assert states(done) == {16: "measured", 32: "measured", 64: "measured", 96: "measured", 128: "not_tried"}
    assert done.best is not None and done.best.batch_size == 96


def test_a_default_that_does_not_fit(squares: Path) -> None:
    done = found(squares, float, limit=1.3)
    assert states(done) == {8: "measured", 16: "too_large", 32: "out_of_memory"}, "12 would leave less than a tenth"
    assert done.best is not None and done.best.batch_size == 8
    none = found(squares, float, limit=1.0)
    assert none.best is None and none.to_dict()["batch_size"] is None


def test_what_is_refused(here: Command, squares: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("words\n" * 100)
    for arguments, expected in (
        ((squares, "--train.batch-size", "8"), "--find batch looks for the batch size."),
        ((text,), "--find batch finds a batch size for images"),
        ((tmp_path / "none",), "none"),
        ((squares, "--time", "soon"), "--time soon: not a duration."),
        ((squares, "--time", "1s"), "The first batch took longer than the time limit of 1 s."),
    ):
        done = here("tune", *arguments, "--find", "batch")
        assert done.code == 2 and expected in done.err, (arguments, done.err)


@pytest.mark.slow
def test_a_run_is_refused_with_its_own_words(squares: Path) -> None:
    asked = {"data": str(squares), "recipe": None, "settings": {"detect": {"max_objects": 3}}}
    with pytest.raises(ConfigError):
        attempt(asked, None)


@pytest.mark.slow
def test_real_attempts(here: Command, squares: Path, tmp_path: Path) -> None:
    """What is printed can be run; without the warm start a default is kept in words."""
    done = here("tune", squares, "--find", "batch", "--json", *SMALL, "--input.size=32")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    sizes = [one["batch_size"] for one in document["tries"]]
    assert sizes == sorted(sizes) and document["default"]["batch_size"] in sizes
    for one in document["tries"]:
        assert one["state"] == "measured" and one["images_per_s"] > 0
        (memory,) = one["memory"]
        assert memory["base_bytes"] < memory["most_bytes"] < memory["limit_bytes"]
    words = document["command"].split()[3:]
    assert here("train", squares, "--out", tmp_path / "run", "--epochs", "1", "--quiet", *words).code == 0


@pytest.mark.slow
def test_a_limit_of_the_process_is_kept(squares: Path) -> None:
    """Under ``ulimit -d`` large images run out of memory in an attempt, and the search goes on with smaller batches.

    They are evaluated small, as that takes 32 at once.
    """
    command = [sys.executable, "-m", "foveal", "tune", str(squares), "--find", "batch", "--json"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (4 * GIB, 4 * GIB))

    done = subprocess.run(
        [*command, *SMALL, "--input.size=512", "--input.eval-size=32"],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    known = {one["batch_size"]: one for one in document["tries"]}
    assert {"out_of_memory", "too_large", "not_tried"} & {one["state"] for one in known.values()}
    best = known[document["batch_size"]]
    assert best["memory"][0]["of"] == "data" and best["memory"][0]["most_bytes"] <= 0.9 * 4 * GIB
