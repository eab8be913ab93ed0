"""Train on a table, or go on with a run that was stopped; print which rooms of Foveal that took.

python -m tests.toys.table TABLE.csv RUN_FOLDER EPOCHS
"""

import json
import sys
from pathlib import Path

from tests.toys.table.plan import Rows, TablePlan, make_plan
from tests.toys.table.table import read_table

from foveal.engine.checkpoint import load_checkpoint
from foveal.engine.config import OptimConfig, RuntimeConfig, ScheduleConfig, TrainConfig
from foveal.engine.logs.log import Log
from foveal.engine.loop import Training
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime

EVERY_STEPS = 3
"""Steps between two checkpoints."""


def train(plan: TablePlan, run: Run, *, lr: float = 0.02, log: Log | None = None) -> Training[Rows]:
    """Train to the end, from the beginning or from where the run was stopped."""
    if not run.config.exists():
        run.create(f"epochs = {plan.epochs}\n", {"fingerprint": plan.train_set.fingerprint()}, {})
    assert run.read_json("data.json")["fingerprint"] == plan.train_set.fingerprint(), "the table has changed"
    training = Training(
        plan,
        optim=OptimConfig(lr=lr),
        schedule=ScheduleConfig(),
        train=TrainConfig(eval_every=1, checkpoint_steps=EVERY_STEPS),
        runtime=Runtime(RuntimeConfig(device="cpu"), log_dir=run.folder),
        run=run,
        log=log or Log(),
        key=json.dumps({"epochs": plan.epochs, "seed": plan.seed, "lr": lr}),
        saved=load_checkpoint(run.checkpoint),
    )
    training.fit()
    training.close()
    return training


def main(table: str, folder: str, epochs: str) -> None:
    """Start or go on."""
    train(make_plan(read_table(Path(table)), epochs=int(epochs)), Run(Path(folder)))
    sys.stdout.write(json.dumps(sorted({name.split(".")[1] for name in sys.modules if name.startswith("foveal.")})))


if __name__ == "__main__":
    main(*sys.argv[1:])
