"""A second start on an unchanged data set opens no image; where looks are kept is a setting."""

import os
from pathlib import Path

import pytest
from tests.tools.layout_examples import picture, put

from foveal.config.schema import RunConfig
from foveal.data.catalog import looks
from foveal.data.catalog.looks import looks_kept_in
from foveal.data.inspection import preflight
from foveal.runs.data import looks_folder, open_data


def config(path, **data):
    return RunConfig.model_validate({"data": {"path": str(path), **data}})


def test_looks_lie_in_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert looks_folder(config("x")) == tmp_path / "foveal"
    assert looks_folder(config("x", cache_dir="/elsewhere")) == Path("/elsewhere")
    assert looks_folder(config("x", cache="off")) is None


@pytest.mark.parametrize("splits", [("",), ("train/", "val/")])
def test_a_second_start_opens_no_image(tmp_path, monkeypatch, splits):
    monkeypatch.setattr(looks, "LEAST", 1)
    root = tmp_path / "set"
    for at, folder in enumerate(f"{split}{name}" for split in splits for name in ("a", "b")):
        for i in range(3):
            put(root / folder / f"{at}{i}.jpg", picture(3 * at + i))
            os.utime(root / folder / f"{at}{i}.jpg", (1e9, 1e9))
    opened: list[str] = []
    genuine = Path.open

    def counted(self, *args, **kwargs):
        if self.suffix == ".jpg":
            opened.append(self.name)
        return genuine(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", counted)
    told = []
    for _ in range(2):
        opened.clear()
        with looks_kept_in(tmp_path / "cache"):
            catalog, _ = open_data(config(root))
            preflight.check_readable(catalog, path=str(root))
            told.append((catalog.fingerprint(), catalog.content_fingerprint(), catalog.splits.tolist(), len(opened)))
    assert told[0][:3] == told[1][:3]
    assert told[0][3] > 0
    assert told[1][3] == 0
