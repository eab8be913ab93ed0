"""A few training steps with one batch size, in a process of its own: ``python -m foveal.tune.finders.attempt``.

It reads one JSON object from the standard input and writes JSON lines: ``chosen`` with the settings of the run,
``measured`` or ``out_of_memory``, or ``refused`` with the words of an error that a run would end with as well. What
runs out of memory takes nobody with it.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from foveal.errors import FovealError
from foveal.ops.lack import ran_out
from foveal.tune.finders.memory import DeviceMemory, HostMemory, Memory

if TYPE_CHECKING:
    from foveal.config.schema import RunConfig
    from foveal.models.contract import Model
    from foveal.runs.plan import ImagePlan

LEAST_STEPS, MOST_STEPS, TIMED_S = 5, 50, 5.0
"""Steps that are timed: as many as fit into TIMED_S, within these bounds."""
WARMING_S = 5.0
"""Seconds within which batches that workers made ahead are taken before steps are timed."""


def main() -> None:
    """Do what the standard input asks for."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no result

    def tell(event: str, values: Mapping[str, object]) -> None:
        out.write(json.dumps({"event": event, **values}) + "\n")
        out.flush()

    with HostMemory() as host:
        asked = json.load(sys.stdin)
        _first_to_go()
        try:
            measure(asked, host, tell)
        except FovealError as error:
            tell("refused", {"what": error.what, "hint": error.hint})
        except (MemoryError, RuntimeError, OSError) as error:
            if not ran_out(error):
                raise
            tell("out_of_memory", {})
    gc.freeze()  # nothing is left to collect: leaving would take a second longer with torch loaded


def measure(asked: Mapping[str, Any], host: HostMemory, tell: Any) -> None:
    """Take the steps and tell what they took.

    Args:
        asked: ``data``, ``recipe``, ``settings`` and ``batch_size``, which may be null for the default.
        host: Began with the process.
        tell: Takes an event and its values.

    Raises:
        FovealError: A run with these settings would end with it as well.
    """
    from foveal.data.catalog.looks import looks_kept_in
    from foveal.engine.logs.log import Log
    from foveal.runs.data import looks_folder, open_data
    from foveal.runs.train import configured, open_door_for

    config, _, given = configured(
        asked["data"], recipe=asked["recipe"], layers=[asked["settings"]], out=Path("not-written")
    )
    with looks_kept_in(looks_folder(config)):
        catalog, _ = open_data(config)
        open_door_for(catalog, config, given, log=Log(), began=time.monotonic())
        from foveal.runs.identity import anchored
        from foveal.runs.plan import make_plan
        from foveal.runs.resolve import resolve
        from foveal.runs.start import open_runtime

        if asked["batch_size"]:
            train = config.train.model_copy(update={"batch_size": asked["batch_size"]})
            config = config.model_copy(update={"train": train})
        with tempfile.TemporaryDirectory() as scratch:
            runtime = open_runtime(config, Path(scratch))
            chosen = resolve(anchored(config), catalog.split("train")).config
            plan = make_plan(chosen, catalog, runtime=runtime)
            plan.enter(-1)  # the last phase has the largest input
            tell("chosen", facts(chosen, plan))
            take_steps(plan, chosen, host, tell, Path(scratch))


def facts(chosen: "RunConfig", plan: "ImagePlan") -> dict[str, object]:
    """What the parent needs to know of a run's settings."""
    import torch

    device = plan.runtime.device
    return {
        "task": chosen.task,
        "batch_size": plan.batch_size,
        "accumulate": chosen.optim.accumulate,
        "images": len(plan.train_set),
        "size": None if chosen.input.size is None else chosen.input.size.plain,
        "backbone": chosen.model.backbone,
        "lr": chosen.optim.lr,
        "adapt_lr": bool(chosen.optim.adapt_lr),
        "optimizer": chosen.optim.name,
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
        "workers": plan.workers,
        "torch": torch.__version__,
    }


def take_steps(plan: "ImagePlan", chosen: "RunConfig", host: HostMemory, tell: Any, scratch: Path) -> None:
    """Time steps and an evaluation of a few images, and tell what memory they took."""
    import torch

    from foveal.tune.finders.steps import Steps

    device = DeviceMemory(torch) if plan.runtime.device.type == "cuda" else None
    plan.fit_shared_memory()
    rate = chosen.optim.lr
    assert rate is not None, "resolve chose it"
    base, on_device = host.most_bytes(), 0 if device is None else device.most_bytes()
    evaluate_some(plan, plan.network)  # as the warm start does
    steps = Steps(plan, chosen, scratch=scratch)
    began, warmed = time.monotonic(), 0
    while warmed < 1 or (warmed < plan.workers * plan.ahead and time.monotonic() - began < WARMING_S):
        steps.take(rate)
        warmed += 1
    each: list[float] = []
    while len(each) < LEAST_STEPS or (len(each) < MOST_STEPS and sum(each) < TIMED_S):
        before = time.perf_counter()
        steps.take(rate)
        each.append(time.perf_counter() - before)
    evaluate_some(plan, copied(plan))  # as at the end of a run, beside all that was trained
    kind, later = host.room.of, still_kept(plan, cached=host.room.of in ("machine", "container"))
    found = [Memory(kind, host.limit_bytes, base + later, host.most_bytes() + later)]
    if device is not None:
        found.append(Memory("device", device.limit_bytes, on_device, device.most_bytes()))
    samples = plan.batch_size * chosen.optim.accumulate
    speed = {"step_s": median(each), "images_per_s": samples / median(each), "steps": len(each)}
    tell("measured", {**speed, "memory": [one.to_dict() for one in found]})


def copied(plan: "ImagePlan") -> "Model":
    """The network as the end of a run reads it from its file, beside the one in training."""
    from foveal.inference.backends.torch_backend import build_model

    tensors = {name: value.cpu().numpy().copy() for name, value in plan.network.state_dict().items()}
    return build_model(plan.card, tensors, where="a copy")


def evaluate_some(plan: "ImagePlan", network: "Model") -> None:
    """Evaluate as many images as a run does at once; a small validation split is filled up from the training images."""
    import numpy as np

    from foveal.inference.backends.torch_backend import TorchBackend
    from foveal.inference.predictor import Predictor

    size = plan.evaluation_batch
    network.eval()
    paths = [*plan.val_set.paths(), *plan.train_set.take(np.arange(min(size, len(plan.train_set)))).paths()]
    with Predictor(TorchBackend(network, plan.card, device=plan.runtime.device)) as predictor:
        for _ in predictor.stream(paths[:size], batch_size=size):
            pass


def still_kept(plan: "ImagePlan", *, cached: bool) -> int:
    """Bytes that a whole run keeps and a few steps did not: prepared validation images and decoded training images.

    Args:
        plan: The run, after a few steps.
        cached: Whether decoded images count; they are in memory that processes share.
    """
    from foveal.ops.machine import free_memory_bytes
    from foveal.runs.evaluation import KEPT_BYTES
    from foveal.types.input_spec import InputSpec

    size = plan.card.input_as(InputSpec).size
    prepared = len(plan.val_set) * size.area * 3
    total = prepared if prepared <= min(KEPT_BYTES, free_memory_bytes() // 4) else 0
    cache = plan.images.cache
    if cached and cache is not None and len(cache):
        whole = cache.used_bytes / len(cache) * len(plan.train_set)
        total += max(0, round(min(cache.budget_bytes, whole)) - cache.used_bytes)
    return total


def _first_to_go() -> None:
    """Where memory runs out, the kernel is to end this process and not the one that waits for it."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        return


if __name__ == "__main__":
    main()
