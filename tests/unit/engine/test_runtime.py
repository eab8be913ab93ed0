"""Device and precision are chosen for each run, not once in a process."""

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from foveal.engine.config import RuntimeConfig
from foveal.engine.runtime import Runtime
from foveal.errors import ConfigError


def test_a_second_training_in_one_process_has_its_own_precision_and_tracker(tmp_path: Path) -> None:
    users = Accelerator(cpu=True)
    for precision, tracker in (("fp32", "none"), ("bf16", "tensorboard"), ("auto", "none")):
        config = RuntimeConfig(device="cpu", precision=precision, tracker=tracker)
        runtime = Runtime(config, log_dir=tmp_path)
        assert runtime._accelerator.mixed_precision == ("bf16" if precision == "bf16" else "no")
    assert users.mixed_precision == "no" and users.device.type == "cpu", "who holds an Accelerator keeps it"


def test_a_gpu_is_never_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"^No GPU is available to torch"):
        Runtime(RuntimeConfig(device="cuda"), log_dir=tmp_path)
    monkeypatch.setattr("foveal.engine.runtime.check_gpu", lambda: None)
    with pytest.raises(ConfigError, match=r"^--device cuda, but Accelerate takes cpu"):
        Runtime(RuntimeConfig(device="cuda"), log_dir=tmp_path)
