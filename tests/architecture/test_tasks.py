"""A task is named only in its room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from foveal.tasks.table import STREAMS, TASKS

FOREIGN = {"data/formats/label_studio/record.py"}
"""Files with a key of another tool that is a task's name by chance."""
SOURCE = Path(__file__).resolve().parents[2] / "src" / "foveal"
ROOM = SOURCE / "tasks"


def classes(tree: ast.Module) -> set[str]:
    """Names of the classes that a module defines."""
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def lines_that_name(tree: ast.Module, task: str, own: set[str]) -> Iterator[int]:
    """Numbers of the lines of code that know a task.

    By an import from its folder, by one of its classes, by a name or a string that is the task's, or by an option of
    its section. Prose may use a task's name as the ordinary word that it is.
    """
    told = re.compile(rf"{task}(\.\w+)?|.*(\bfoveal\.tasks\.{task}\b|--{task}\.).*", re.DOTALL)
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                origins = [module, *(f"{module}.{alias.name}" for alias in names)]
                known = any(f"{origin}.".startswith(f"foveal.tasks.{task}.") for origin in origins)
            case ast.Import(names=names):
                known = any(f"{alias.name}.".startswith(f"foveal.tasks.{task}.") for alias in names)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                known = name == task or name in own
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                known = name == task or name in own
            case ast.Constant(value=str(value)):
                known = told.fullmatch(value) is not None
            case _:
                known = False
        if known:
            yield node.lineno  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "line",
    [
        "from foveal.tasks.detect.config import DetectConfig",
        "from foveal.tasks import detect",
        "import foveal.tasks.detect.output as o",
        "isinstance(task, Detect)",
        "x = config.detect",
        "f(detect=1)",
        'match == "detect"',
        'NEEDS = {"detect.anchors": 1}',
        'import_module("foveal.tasks.detect.task")',
        'raise ConfigError("No.", "Leave out --detect.anchors.")',
    ],
)
def test_what_names_a_task(line: str) -> None:
    assert set(lines_that_name(ast.parse(line), "detect", {"Detect", "DetectConfig"})) == {1}


@pytest.mark.parametrize(
    "line",
    [
        '"""Detections: what to detect."""',
        "from foveal.types.predictions.detections import Detections",
        "detections = 1",
    ],
)
def test_what_names_none(line: str) -> None:
    assert set(lines_that_name(ast.parse(line), "detect", {"Detect", "DetectConfig"})) == set()


def test_a_task_is_named_only_in_its_room() -> None:
    """Code elsewhere must ask the task, so that a further task changes nothing there.

    Allowed are ``tasks`` itself, tests, and recipes, which are TOML. The words come from the table of tasks and from
    the classes of their folders: a new task is looked for without a change here.
    """
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(SOURCE.rglob("*.py"))}
    foreign = {SOURCE / name for name in FOREIGN}
    elsewhere = {file: tree for file, tree in trees.items() if not file.is_relative_to(ROOM) and file not in foreign}
    shared = set().union(*map(classes, elsewhere.values()))
    found = set()
    for task in (*TASKS, *STREAMS):
        own = set().union(*(classes(tree) for file, tree in trees.items() if file.is_relative_to(ROOM / task))) - shared
        assert own, f"{task} has no folder in tasks/"
        for file, tree in elsewhere.items():
            where, lines = file.relative_to(SOURCE).as_posix(), file.read_text(encoding="utf-8").splitlines()
            found |= {f"{where}: {lines[number - 1].strip()}" for number in lines_that_name(tree, task, own)}
    assert not found, "ask the task instead:\n" + "\n".join(sorted(found))
