import pytest

from foveal.engine.config import ScheduleConfig
from foveal.engine.schedule import factor, plateau


def test_cosine_rises_then_falls() -> None:
    config = ScheduleConfig(name="cosine", warmup=0.1, final=0.02)
    values = [factor(config, i / 100, epoch=0) for i in range(101)]
    assert values[:11] == sorted(values[:11])
    assert values[10:] == sorted(values[10:], reverse=True)
    assert values[10] == pytest.approx(1)
    assert values[55] == pytest.approx(0.51, abs=1e-6)
    assert values[100] == pytest.approx(0.02)


def test_steps() -> None:
    config = ScheduleConfig(name="step", warmup=0, step_epochs=3, gamma=0.1)
    assert [factor(config, 0.5, epoch=e) for e in (0, 2, 3, 6)] == pytest.approx([1, 1, 0.1, 0.01])


def test_one_cycle_peaks_at_three_tenths() -> None:
    config = ScheduleConfig(name="onecycle", final=0.0)
    assert factor(config, 0.0, epoch=0) == pytest.approx(1 / 25)
    assert factor(config, 0.3, epoch=0) == pytest.approx(1)
    assert factor(config, 1.0, epoch=0) == pytest.approx(0)


def test_plateau_falls_when_nothing_gets_better() -> None:
    config = ScheduleConfig(name="plateau", plateau_patience=2, gamma=0.5, final=0.1)
    assert plateau(config, [0.1, 0.2, 0.3], maximize=True) == 1
    assert plateau(config, [0.3, 0.2, 0.2], maximize=True) == 0.5
    assert plateau(config, [0.3, 0.2, 0.2, 0.1, 0.1], maximize=True) == 0.25
    assert plateau(config, [0.3] + [0.1] * 40, maximize=True) == 0.1
    assert plateau(config, [0.3, 0.2, 0.1], maximize=False) == 1
