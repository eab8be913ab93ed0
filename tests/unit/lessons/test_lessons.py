"""What the lessons show is what the layers compute."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.errors import ConfigError, DataError
from foveal.lessons.convolution import convolution, example
from foveal.lessons.digits import digits, idx_folder
from foveal.lessons.edges import edges
from foveal.lessons.grid import as_text
from foveal.lessons.pooling import pooling
from foveal.lessons.show import lesson, save
from foveal.lessons.whitening import whitening


def test_each_step_of_the_convolution_adds_up_to_the_output() -> None:
    _, _, out = example()
    for filter_ in (1, 2):
        text = convolution(filter_=filter_).text
        ends = [float(n) for n in re.findall(r"bias [\d.-]+ = (-?\d+)", text)]
        assert ends == out[filter_ - 1].ravel().tolist()
        for line in re.findall(r"^(.+) \+ bias (\d) = (-?\d+)$", text, re.M):
            assert sum(int(n.replace(" ", "")) for n in re.findall(r"- ?\d+|\d+", line[0])) + int(line[1]) == int(
                line[2]
            )


@pytest.mark.parametrize("page", ["by-hand.md", "by-hand.zh-CN.md"])
def test_the_page_has_every_number(page: str) -> None:
    lines = (Path(__file__).parents[3] / "docs" / "guide" / page).read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| (\d), (\d) \| (.+) = (-?\d+) \| (.+) = (-?\d+) \|$", lines, re.M)
    _, _, out = example()
    assert [int(row[0]) for row in rows] == list(range(1, 10))
    for _, row, column, *cells in rows:
        for filter_, (terms, total) in enumerate((cells[:2], cells[2:])):
            assert sum(int(n.replace(" ", "")) for n in re.findall(r"- ?\d+|\d+", terms)) == int(total)
            assert out[filter_, int(row) - 1, int(column) - 1] == int(total)


def test_a_single_step() -> None:
    one = convolution(step=5)
    assert one.text.count("Step") == 1 and "Step 5: row 2, column 2" in one.text
    with pytest.raises(ConfigError, match="--step 10: there are steps 1 to 9"):
        convolution(step=10)
    with pytest.raises(ConfigError, match="--filter 3"):
        convolution(filter_=3)


def test_pooling_and_whitening() -> None:
    assert "[6 8]" in pooling().text and "[0.0 0.1 0.0 0.2]" in pooling().text
    last = whitening().text.split("\n\n")[-1]
    assert "[1.00 0.00]\n[0.00 1.00]" in last
    assert "mean (0.00, 0.00)" in last


def test_edges_of_an_upright_edge() -> None:
    photo = np.zeros((6, 8, 3), np.uint8)
    photo[:, 4:] = 255
    shown = edges(photo, "edge.png")
    assert "edge.png: 8 x 6 pixels" in shown.text
    assert "largest 4.000" in shown.text  # (1 + 2 + 1) times white
    across, down = (axes.images[0].get_array() for axes in shown.draw().axes[1:3])
    assert np.unique(np.nonzero(across)[1]).tolist() == [3, 4]
    assert not np.abs(down).max() > 1e-6


def test_matrices_side_by_side() -> None:
    assert as_text(np.array([[1, -2]]), np.array([[3], [4]]), between=("x",)) == "[ 1 -2]   [3]\n        x [4]"


@pytest.mark.parametrize("topic", ["convolution", "pooling", "edges", "whitening"])
def test_command(here, topic: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    one = ("--step", "5") if topic == "convolution" else ()
    done = here("scratch", "show", topic, *one, "--out", str(tmp_path / "x.png"))
    assert done.code == 0
    assert str(tmp_path / "x.png") in done.out
    with Image.open(tmp_path / "x.png") as image:
        assert min(image.size) > 200


def test_what_an_edge_cannot_be_found_in(here, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    Image.new("RGB", (5, 1)).save(tmp_path / "thin.png")
    done = here("scratch", "show", "edges", "--image", tmp_path / "thin.png")
    assert done.code == 2 and "thin.png: 5 x 1 pixels; an edge needs 2 x 2 or more" in done.err


def test_large_and_tall_photos(tmp_path: Path) -> None:
    Image.new("RGB", (2100, 4200), "red").save(tmp_path / "big.png")
    assert "big.png, shrunk from 2100 x 4200: 1024 x 2048 pixels" in lesson("edges", image=tmp_path / "big.png").text
    Image.new("RGB", (2, 900)).save(tmp_path / "tall.png")
    save(lesson("edges", image=tmp_path / "tall.png"), tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert max(image.size) <= 1600


def test_the_text_alone_is_not_written(here, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = here("scratch", "show", "pooling", "--text", "--out", tmp_path / "x.png")
    assert done.code == 2 and "would not be written" in done.err and not (tmp_path / "x.png").exists()


def test_options_of_another_topic() -> None:
    with pytest.raises(ConfigError, match="--image is for edges"):
        lesson("pooling", image=Path("x.jpg"))
    with pytest.raises(ConfigError, match="for the convolution, not for edges"):
        lesson("edges", step=1)
    with pytest.raises(ConfigError, match="PNG"):
        save(pooling(), Path("x.jpg"))


def write_idx(path: Path, values: np.ndarray) -> None:
    header = bytes((0, 0, 8, values.ndim)) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())


def small_set(folder: Path) -> None:
    known, _ = digits()
    pixels = np.clip((known.images[:, 0] - known.images.min()) * 60, 0, 255)
    for split, part in (("train", slice(0, 1000)), ("t10k", slice(1000, None))):
        write_idx(folder / f"{split}-images-idx3-ubyte", pixels[part])
        write_idx(folder / f"{split}-labels-idx1-ubyte", known.labels[part])


@pytest.mark.slow
def test_learns_the_digits(here) -> None:  # type: ignore[no-untyped-def]
    import json

    done = here("scratch", "train", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0 and len(lines) == 15
    assert lines[-1]["accuracy"] >= 0.97


def test_learns_from_idx_files_and_is_repeatable(here, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    small_set(tmp_path)
    tables = [here("scratch", "train", str(tmp_path), "--epochs", "2").out for _ in range(2)]
    accuracies = [re.findall(r"0\.\d{4}", table) for table in tables]
    assert accuracies[0] == accuracies[1]
    assert float(accuracies[0][-1]) > 0.8
    assert "1,000 training and 437 test images" in tables[0]


def test_bad_files_are_named(here, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    small_set(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    content = labels.read_bytes()
    labels.write_bytes(content[:-3])
    with pytest.raises(DataError, match=r"its header says 1000 bytes, but it has 997"):
        idx_folder(tmp_path)
    labels.write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match="not an IDX file"):
        idx_folder(tmp_path)
    write_idx(labels, np.zeros(7))
    with pytest.raises(DataError, match="There is one label for each image"):
        idx_folder(tmp_path)
    labels.unlink()
    assert here("scratch", "train", str(tmp_path)).code == 2
    with pytest.raises(DataError, match="no such folder"):
        idx_folder(tmp_path / "x")
    assert "below 1" in here("scratch", "train", "--epochs", "0").err
    assert "--seed -1 is below 0" in here("scratch", "train", "--seed", "-1").err


@pytest.mark.filterwarnings("ignore:.*(overflow|invalid value):RuntimeWarning")
def test_training_that_diverges_says_so(here, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    small_set(tmp_path)
    done = here("scratch", "train", tmp_path, "--epochs", "1", "--lr", "1e30")
    assert done.code != 0 and "Training diverged" in done.err and "Use a smaller --lr than 1e+30" in done.err
