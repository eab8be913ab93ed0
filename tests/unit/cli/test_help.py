"""Pages of help."""

from collections.abc import Callable

import pytest

from foveal.cli.app import app, run
from foveal.cli.help import EXAMPLES
from foveal.config.schema import RunConfig, option_names
from foveal.tasks.table import TASKS, get_spec

Page = Callable[..., list[str]]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Page:
    """The lines of a page."""

    def lines(*arguments: str, width: int = 80) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        assert run([*arguments]) == 0
        return capsys.readouterr().out.splitlines()

    return lines


def test_the_most_used_options_of_train_fit_on_a_screen(page: Page) -> None:
    lines = page("train", "--help")
    assert len(lines) <= 40 and max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for option in ("DATA", "--task", "--out", "--epochs", "--time", "--lr", "--model.weights", "--help-all"):
        assert f"\n  {option} " in text
    assert "--optim" not in text and "foveal train photos/" in text


def test_all_settings_are_on_the_long_page(page: Page) -> None:
    text = "\n".join(page("train", "--help-all")).replace("[no-]", "")
    for name in option_names():
        assert f"  --{name.replace('_', '-')}" in text, name
    assert "--data.empty-ignore" not in text


@pytest.mark.parametrize("task", TASKS)
def test_settings_of_other_tasks_are_left_out(page: Page, task: str) -> None:
    text = "\n".join(page("train", f"--task={task}", "--help-all"))
    assert [other for other in TASKS if f"--{other}." in text] == [task]
    assert not [key for key in get_spec(task).unused if f"--{key.replace('_', '-')} " in text]
    assert str(RunConfig.model_fields[task].description) in " ".join(text.split())


@pytest.mark.parametrize("command", EXAMPLES)
def test_every_page_fits_and_has_an_example(page: Page, command: str) -> None:
    for width in (80, 120):
        lines = page(*command.split(), "--help", width=width)
        examples = {f"  {example}" for example in EXAMPLES[command]}
        assert lines[0].startswith(f"Usage: foveal {command}".rstrip())
        assert examples <= set(lines)
        assert max(len(line) for line in lines if line not in examples) <= width
        assert lines == [line.rstrip() for line in lines]
    narrow = page(*command.split(), "-h", width=40)
    assert all(len(line) <= 40 for line in narrow[1:] if not line.startswith("  ") or line.startswith("   "))


def test_choices_and_defaults_are_shown(page: Page) -> None:
    text = " ".join("\n".join(page("data", "convert", "--help")).split())
    assert "--to NAME Format to convert to (coco, voc, yolo, labelme," in text
    assert "--bad error|clip|drop Invalid objects" in text and "default: clip" in text
    assert text.startswith("Usage: foveal data convert SOURCE OUT [OPTIONS]")
    assert "Usage: foveal predict MODEL IMAGES... [OPTIONS]" in page("predict", "--help")


def test_a_shell_can_complete_every_setting() -> None:
    script = app.generate_completion(shell="bash")
    assert all(word in script for word in ("optim.weight-decay", "inspect", "letterbox"))


def test_no_command_is_a_question_for_help(page: Page) -> None:
    assert page()[0] == "Usage: foveal COMMAND" and page("data")[0] == "Usage: foveal data COMMAND"
