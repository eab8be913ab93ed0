"""The runs of an advice on their way: which are complete, which fit into the time, and what they found in the end."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from foveal.artifact.atomic import json_text, write_atomic
from foveal.config.schema import RunConfig
from foveal.data.notes import plural
from foveal.engine.clock import Began
from foveal.engine.logs.log import Log, duration
from foveal.errors import ConfigError, DataError, FovealError
from foveal.report.page import why_no_page
from foveal.runs.data import open_data
from foveal.runs.several.common import LEAST_IMAGES
from foveal.runs.train import open_door_for
from foveal.tune.advice.advice import Advice
from foveal.tune.advice.changes import changes_of
from foveal.tune.advice.durations import Durations
from foveal.tune.advice.found import Done, curve_of, gains_of, read_done
from foveal.tune.advice.page import write_page
from foveal.tune.advice.plan import PARTS, AdvicePlan, Spec
from foveal.tune.finders.attempts import attempt
from foveal.tune.finders.command import train_command
from foveal.types.progress import Progress

ALIKE = 3
"""So many runs that end with the same error stop the rest."""
BEYOND_STEPS = 1.3
"""Duration of a run as a multiple of that of its steps, before one was timed."""
LARGER = 1.1
"""How many times as many images as a part the next larger one has at least; usually twice."""
CLOSING_S = 2.0
"""Seconds for what follows the last run."""


@dataclass(frozen=True)
class Asked:
    """The command line: data, recipe and settings as the user named them; of a resumed advice those of its plan."""

    data: str
    recipe: str | None
    settings: Mapping[str, object]


@dataclass
class Going:
    """An advice on its way."""

    folder: Path
    plan: AdvicePlan
    asked: Asked
    progress: Progress
    began: float
    notes: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    runs: list[Done] = field(default_factory=list)
    spent_before_s: float = 0.0

    def open(self, *, fresh: bool) -> None:
        """Read the data and choose what a run chooses, before anything is written.

        Args:
            fresh: Whether settings that have no use are refused; of a resumed advice they were checked.

        Raises:
            FovealError: A run would be refused, or there is less time than one takes.
        """
        config = self.plan.config
        self.progress(f"reading {config.data.path}", 0, None)
        catalog, _ = open_data(config)
        check_enough(len(catalog.split("val")))
        self.progress("loading torch", 0, None)
        given = self.asked.settings if fresh else {}
        door, self.since = open_door_for(catalog, config, given, log=Log(), began=self.began)
        self.start, self.resume = door.start, door.resume
        from foveal.runs.resolve import resolve

        whole = resolve(config, catalog.split("train")).config
        self.changes, left_out = changes_of(whole)
        self.notes += left_out
        self.specs = self.plan.specs(self.changes)
        self.facts: dict[str, Any] = {"task": whole.task, "device": device_of(whole)}
        self.expected = Durations(self._work(whole))
        if not tell_apart(self.sizes):
            self.specs = [spec for spec in self.specs if spec.part == "all"]
            half, every = self.sizes["half"], self.sizes["all"]
            self.notes.append(
                f"no learning curve: each class keeps an image at least, so half of the {every} images would be {half}"
            )
        self._read_done()
        if self.plan.time_s is not None and "all" not in self.expected.done:
            self._time_one()

    def _work(self, whole: RunConfig) -> dict[str, float]:
        from foveal.runs.resolve import resolve

        work: dict[str, float] = {}
        self.sizes: dict[str, int] = {}
        for part in PARTS:
            spec = next(one for one in self.plan.specs([]) if one.part == part)
            config = self.plan.member(spec)
            train = open_data(config)[0].split("train")
            epochs = whole.train.epochs if part == "all" else resolve(config, train).config.train.epochs
            assert epochs is not None, "resolve chose it"
            self.sizes[part] = len(train)
            work[part] = float(len(train) * epochs)
        return work | {change.name: work["all"] * change.cost for change in self.changes}

    def _time_one(self) -> None:
        """Time a few steps, and refuse a time that holds no run."""
        assert self.plan.time_s is not None, "there is a limit"
        if not self.expected.done:
            self.progress("timing a few steps", 0, None)
            asked = {"data": self.asked.data, "recipe": self.asked.recipe, "settings": self.asked.settings}
            chosen, tried = attempt(asked, None, self.plan.time_s)
            if tried.state in ("measured", "too_large") and chosen is not None:
                self.expected.rate_s = BEYOND_STEPS / tried.images_per_s
            elif tried.state == "no_time":
                raise ConfigError(
                    f"A few steps alone take longer than the time limit of {duration(self.plan.time_s)}.",
                    "Allow more (--time).",
                )
        needed = self.expected.seconds("all")
        if needed > self.plan.time_s:
            curve = self.plan.seeds * sum(self.expected.seconds(part) for part in {spec.part for spec in self.specs})
            raise ConfigError(
                f"One run on all images takes about {duration(needed)}, and the time limit is"
                f" {duration(self.plan.time_s)}.",
                f"Allow more (the learning curve takes about {duration(curve)}), or fewer epochs (--train.epochs).",
            )

    def _read_done(self) -> None:
        from foveal.engine.checkpoint import load_checkpoint
        from foveal.engine.run import Run

        for spec in self.specs:
            saved = load_checkpoint(Run(self.folder / spec.name).checkpoint)
            if saved is not None:
                self.spent_before_s += saved.state.elapsed_s
            if saved is not None and saved.finished:
                self._add(spec)

    def _add(self, spec: Spec) -> None:
        run = read_done(self.folder / spec.name, spec)
        self.runs.append(run)
        self.expected.add(spec.kind, run.seconds)

    def go(self) -> Advice:
        """Train what is not complete, and sum up."""
        complete = {run.spec.name for run in self.runs}
        left = [spec for spec in self.specs if spec.name not in complete]
        cut = list[Spec]()
        for number, spec in enumerate(left, len(complete) + 1):
            if self._no_time_for(spec):
                cut.append(spec)
                continue
            self.progress(f"run {spec.name}, {number} of {len(self.specs)}", number - 1, len(self.specs))
            try:
                self._train(spec)
            except FovealError as error:
                self.failed[spec.name] = error.what
                if max(Counter(self.failed.values()).values()) >= ALIKE:
                    self.notes.append(f"{ALIKE} runs ended with the same error, so no more were begun")
                    break
            else:
                self._add(spec)
        if cut:
            names = ", ".join(dict.fromkeys(one.kind for one in cut))
            self.notes.append(f"time is over: {plural(len(cut), 'run')} not begun ({names})")
        self.progress("summing up", len(self.specs), len(self.specs))
        return self._sum_up()

    def _no_time_for(self, spec: Spec) -> bool:
        if self.plan.time_s is None:
            return False
        left_s = self.plan.time_s - CLOSING_S - self.spent_before_s - (time.monotonic() - self.began)
        return self.expected.seconds(spec.kind) > left_s

    def _train(self, spec: Spec) -> None:
        folder, own = self.folder / spec.name, Began(time.monotonic(), imports_s=self.since.imports_s)
        if (folder / "config.toml").exists():
            self.resume(folder, changes=None, log=Log(), began=own)
            return
        config = self.plan.member(spec)
        catalog, skipped = open_data(config)
        self.start(config, catalog, skipped, out=folder, log=Log(), began=own)

    def _sum_up(self) -> Advice:
        curve, gains = curve_of(self.runs), gains_of(self.folder, self.runs, self.changes)
        if curve.back_test is None and tell_apart(self.sizes):
            self.notes.append("too few runs on parts of the images to say what more of them would give")
        if self.runs:
            from foveal.runs.several.kept import KEPT, read_kept

            self.facts["metric"] = read_kept(self.folder / self.runs[0].spec.name / KEPT).output().goal.metric
        if missing := why_no_page():
            self.notes.append(missing)
        best = [gain for gain in gains if gain.decision == "better"]
        asked, settings = self.asked, best[0].settings if best else {}
        command = train_command(asked.data, recipe=asked.recipe, settings=asked.settings, found=settings)
        spent = self.spent_before_s + time.monotonic() - self.began
        done = Advice(
            self.folder,
            self.plan,
            self.facts,
            self.runs,
            self.failed,
            curve,
            gains,
            command if best else "",
            self.notes,
            spent,
        )
        write_atomic(self.folder / "advice.json", json_text(done.to_dict()))
        write_page(done)
        return done


def tell_apart(sizes: Mapping[str, int]) -> bool:
    """Whether parts of the images differ enough in size for a learning curve, each by a tenth at least."""
    each = [sizes[part] for part in PARTS]
    return all(large >= LARGER * small for small, large in pairwise(each))


def check_enough(held_out: int) -> None:
    """Check that changes can be compared, before hours are spent on them.

    Raises:
        DataError: Too few images are held out.
    """
    if held_out < LEAST_IMAGES:
        raise DataError(
            f"Changes are compared on the images that are held out: {held_out} are too few, it takes {LEAST_IMAGES}.",
            "Hold out more, such as by --data.val-fraction, or get more images first.",
        )


def device_of(config: RunConfig) -> str:
    """Where the runs are trained, for a person."""
    import torch

    if config.runtime.device != "cpu" and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"CPU, {plural(torch.get_num_threads(), 'thread')}"
