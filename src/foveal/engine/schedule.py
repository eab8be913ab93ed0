"""Learning rate schedules: closed forms of the progress, so that a resumed run needs no state."""

import math

from foveal.engine.config import ScheduleConfig


def factor(config: ScheduleConfig, progress: float, *, epoch: int) -> float:
    """The learning rate as a fraction of its maximum.

    Args:
        config: Shape, warm-up and final value.
        progress: Fraction of the run that is done, in [0, 1].
        epoch: Whole epochs that are done.

    Returns:
        A factor in [0, 1]; the plateau schedule multiplies it by ``plateau``.
    """
    if config.name == "onecycle":
        return _one_cycle(config, progress)
    if progress < config.warmup:
        return max(progress / config.warmup, 1e-3)
    done = (progress - config.warmup) / (1 - config.warmup)
    match config.name:
        case "cosine":  # Loshchilov and Hutter 2017, equation 5, without restarts
            return config.final + (1 - config.final) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        case "step":
            return config.gamma ** (epoch // config.step_epochs)
    return 1.0


def _one_cycle(config: ScheduleConfig, progress: float) -> float:
    """Up from 1/25 in the first 30%, then down (Smith and Topin 2018; fastai's defaults)."""
    rise = max(config.warmup, 0.3)
    if progress < rise:
        low, high, part = 1 / 25, 1.0, progress / rise
    else:
        low, high, part = 1.0, config.final, min((progress - rise) / (1 - rise), 1.0)
    return low + (high - low) * 0.5 * (1 - math.cos(math.pi * part))


def plateau(config: ScheduleConfig, scores: list[float], *, maximize: bool) -> float:
    """The factor after all epochs so far: it drops after every ``plateau_patience`` epochs without improvement."""
    scale, best, waited = 1.0, None, 0
    for score in scores:
        if best is None or (score > best if maximize else score < best):
            best, waited = score, 0
        else:
            waited += 1
        if waited >= config.plateau_patience:
            scale, waited = max(scale * config.gamma, config.final), 0
    return scale
