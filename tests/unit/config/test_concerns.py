"""Settings of other tasks are refused."""

from typing import Any

import pytest

from foveal.config.concerns import check_concerned
from foveal.config.schema import parse_config
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.tasks.table import TASKS, get_spec


@pytest.mark.parametrize(
    ("task", "given", "what", "hint"),
    [
        (
            "segment",
            {"detect": {"channels": 32}},
            "--detect.channels is a setting of detect, and the task is segment.",
            "Leave it out, or train with --task detect.",
        ),
        (
            "classify",
            {"augment": {"rare_crops": 0.5}},
            "--augment.rare-crops is a setting of segment, and the task is classify.",
            "Leave it out.",
        ),
        (
            "segment",
            {"augment": {"horizontal_flip": 0.5, "mosaic": 0.5}},
            "--augment.mosaic is a setting of detect and instance, and the task is segment.",
            "Leave it out.",
        ),
        (
            "detect",
            {"augment": {"mixup": 0.2}},
            "--augment.mixup is a setting of classify, and the task is detect.",
            "Leave it out.",
        ),
        (
            "classify",
            {"data": {"bad": "clip"}},
            "--data.bad is a setting for coco, voc and yolo data sets, and this is an image folder.",
            "Leave it out.",
        ),
    ],
)
def test_a_setting_of_another_task_is_refused(task: str, given: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_concerned(given, task, data_format="image_folder")
    assert (caught.value.what, caught.value.hint) == (what, hint)


@pytest.mark.parametrize("task", TASKS)
def test_own_settings_and_what_is_off_are_fine(task: str) -> None:
    own = get_spec(task).settings().model_dump()
    off = {name: field.default for name, field in AugmentConfig.model_fields.items()}
    check_concerned({task: own, "augment": off, "optim": {"lr": 0.1}, "seed": 3}, task, data_format="coco")
    check_concerned({"data": {"bad": "drop"}}, task, data_format="coco")


@pytest.mark.parametrize("task", TASKS)
def test_a_task_uses_its_own_defaults(task: str) -> None:
    spec = get_spec(task)
    check_concerned(spec.defaults, task)
    known = parse_config({}, where="a test").augment.model_dump()
    assert {key.partition(".")[2] for key in spec.unused} <= set(known)
