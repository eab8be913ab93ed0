import json

import numpy as np
import pytest
from PIL import Image

from foveal.cli.data import app
from foveal.errors import ConfigError, JudgementError


@pytest.fixture
def folder(tmp_path):
    """Two classes of two pictures."""
    generator = np.random.default_rng(0)
    for name in ("a/0", "a/1", "b/0", "b/1"):
        path = tmp_path / "set" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)
    return tmp_path / "set"


def call(*arguments):
    return app([str(a) for a in arguments], exit_on_error=False, result_action="return_value")


def test_inspect_prints_one_json_document(folder, capsys):
    call("inspect", folder, "--json")
    seen = json.loads(capsys.readouterr().out)
    assert seen["images"] == 4 and seen["classes"] == {"a": {"unassigned": 2}, "b": {"unassigned": 2}}


def test_inspect_on_screen(folder, capsys):
    (folder / "a" / "x[bold].jpg").write_text("text")
    call("inspect", folder)
    out = capsys.readouterr().out
    assert "image_folder" in out and "5 pictures" not in out and "a/x[bold].jpg is not a picture" in out


def test_check_that_finds_nothing(folder, capsys):
    call("check", folder)
    assert capsys.readouterr().out == "All well: 4 pictures decoded and compared.\n"


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_check_that_finds_something(folder, capsys, flags):
    (folder / "a" / "0.png").write_bytes(b"")
    with pytest.raises(JudgementError) as caught:
        call("check", folder, *flags)
    assert caught.value.exit_code == 1
    assert caught.value.what == f"{folder}: 1 problem in 4 pictures."
    out = capsys.readouterr().out
    if flags:
        found = json.loads(out)
        assert found["problems"] == [{"path": "a/0.png", "kind": "unreadable", "message": "is empty (0 bytes)"}]
    else:
        assert out == "unreadable  a/0.png  is empty (0 bytes)\n\n1 unreadable\n"


@pytest.mark.parametrize("flags", [["--augment.rotation-deg=20"], ["--whiten=zca", "--patch=2"]])
def test_preview_writes_a_picture(folder, tmp_path, flags, capsys):
    out = tmp_path / "sheets" / "p.png"
    call("preview", folder, "--out", out, "--count=2", "--size=16", *flags)
    with Image.open(out) as sheet:
        assert f"({sheet.width} x {sheet.height} pixels)" in capsys.readouterr().out.replace("\n", " ")


def test_preview_leaves_the_data_alone(folder):
    with pytest.raises(ConfigError) as caught:
        call("preview", folder, "--out", folder / "p.png")
    assert caught.value.what == f"--out {folder}/p.png lies inside the data set, which stays as it is."
    with pytest.raises(ConfigError) as caught:
        call("preview", folder, "--out", "p.gif")
    assert caught.value.what == "--out p.gif: a preview is a picture."
