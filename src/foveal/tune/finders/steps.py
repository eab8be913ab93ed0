"""Training steps by themselves: those of a run, without its evaluations, its schedule and its folder."""

from collections.abc import Iterator
from pathlib import Path

import torch

from foveal.artifact.atomic import make_folder
from foveal.config.schema import RunConfig
from foveal.engine.logs.log import Log
from foveal.engine.optim import freeze, num_frozen, set_rate
from foveal.engine.run import Run
from foveal.runs.plan import ImagePlan
from foveal.runs.start import make_training
from foveal.types.samples import Batch
from foveal.types.seeds import derive


class Steps:
    """The loop of a run, one step at a time.

    Args:
        plan: The run's plan; its network is trained, so give one that nobody else needs.
        config: The run's settings, complete.
        scratch: A folder for the checkpoint that a run writes as it begins.
    """

    def __init__(self, plan: ImagePlan, config: RunConfig, *, scratch: Path) -> None:
        run = Run(scratch)
        make_folder(run.checkpoint.parent)
        self.training = make_training(plan, config, run=run, log=Log())
        self.batches: Iterator[Batch] = plan.batches(start=0)
        stages = len(plan.network.stages())
        plan.network.train()
        freeze(plan.network, num_frozen(config.optim, stages, 0), norms=bool(config.optim.freeze_norm))

    def take(self, rate: float) -> float:
        """A step at a learning rate.

        Returns:
            The loss before it.

        Raises:
            TrainingError: The loss or its gradient is not finite.
        """
        training, state = self.training, self.training.state
        set_rate(training.optimizer, rate)
        torch.manual_seed(derive(training.plan.seed, 3, state.step, 0))
        loss = training.gradients(self.batches)
        training.stepper.step()
        training.stepper.zero_grad()
        if training.ema:
            training.ema.update(training.network, step=state.step)
        state.step += 1
        return loss
