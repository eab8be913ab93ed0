"""The experiments: every recipe is valid, every page is of a run, and one is run end to end in a small form."""

import importlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from foveal.config.schema import merge, parse_config
from foveal.errors import ConfigError, DataError
from foveal.metrics.contract import Interval
from foveal.metrics.paired.difference import Difference

ROOT = Path(__file__).resolve().parents[2]
FOLDER, PAGES = ROOT / "experiments", ROOT / "docs" / "experiments"
NAMES = sorted(file.stem for file in FOLDER.glob("*.toml"))
MODULES = ("recipe", "data_sets", "sides", "page", "run")


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in MODULES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in MODULES:
            sys.modules.pop(name, None)


def test_all_that_were_planned_are_there() -> None:
    assert len(NAMES) == 14


@pytest.mark.parametrize("name", NAMES)
def test_settings_of_every_side_are_valid(name: str, scripts: dict[str, ModuleType]) -> None:
    experiment = scripts["recipe"].read(name)
    configs = [parse_config(scripts["sides"].settings_of(experiment, side), where=name) for side in experiment.sides]
    assert len({config.model_dump_json() for config in configs}) == len(experiment.sides), "sides that are the same"
    assert len({side.key for side in experiment.sides}) == len(experiment.sides) >= 2
    assert experiment.data["kind"] in scripts["data_sets"].KINDS
    assert experiment.expect


@pytest.mark.parametrize("name", NAMES)
def test_the_command_by_hand_is_what_the_experiment_trains(name: str, scripts: dict[str, ModuleType]) -> None:
    from foveal.cli.app import app

    experiment = scripts["recipe"].read(name)
    text = Path("t.txt") if experiment.data["kind"] == "text" else None
    data = scripts["data_sets"].DataSet(Path("x/data"), "about", text)
    first = scripts["page"].by_hand(experiment, data, seeds=3).splitlines()[0]
    _, bound, _ = app.parse_args(shlex.split(first)[1:], exit_on_error=False, print_error=False)
    given = bound.arguments["settings"].model_dump(exclude_unset=True)
    given.pop("seed", None)
    wanted = parse_config(scripts["sides"].settings_of(experiment, experiment.sides[0]), where=name)
    assert parse_config(merge({}, given), where=name) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_has_a_page_that_names_its_command_or_is_listed_as_not_run(
    name: str, scripts: dict[str, ModuleType]
) -> None:
    page, experiment = PAGES / f"{name}.md", scripts["recipe"].read(name)
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    if not page.exists():
        assert f"Not run: `python experiments/run.py {name}`" in index
        return
    text = page.read_text(encoding="utf-8")
    assert f"python experiments/run.py {name}\n" in text
    assert experiment.claim in text and experiment.title in text
    assert all(f"| {side.name} |" in text for side in experiment.sides)
    assert text.count("| ") > 0 and "minutes of processor time" in text
    assert f"({page.name})" in index
    with Image.open(page.with_suffix(".png")) as figure:
        assert figure.width > 500
        assert page.with_suffix(".png").stat().st_size < 100_000


def test_no_page_is_of_something_else() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} - {"README"} <= set(NAMES)


def test_the_index_is_up_to_date(scripts: dict[str, ModuleType], tmp_path: Path) -> None:
    for page in PAGES.glob("*.md"):
        (tmp_path / page.name).write_bytes(page.read_bytes())
    read = scripts["recipe"].read
    scripts["page"].write_index(tmp_path, [read(name) for name in NAMES])
    now = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert now == (PAGES / "README.md").read_text(encoding="utf-8"), "run: python experiments/run.py --index"


@pytest.mark.parametrize(
    ("gain", "p", "margin", "words"),
    [
        ((0.04, 0.03, 0.05), 0.001, None, "As claimed: A is better than B by 0.040 of accuracy (95% interval 0.030 to"),
        ((-0.04, -0.05, -0.03), 0.001, None, "**The opposite of the claim:** B is better than A by 0.040 of accuracy"),
        ((0.01, -0.01, 0.03), 0.3, None, "**Not shown:** between A and B no difference was seen (+0.010 of accuracy"),
        ((0.01, -0.01, 0.03), 0.3, 0.05, "As claimed: A and B differ by less than 0.05: 0.010 of accuracy"),
        ((0.04, 0.01, 0.07), 0.01, 0.05, "**The opposite of the claim:** A is better than B by 0.040"),
    ],
)
def test_words_of_a_result(
    gain: tuple[float, float, float], p: float, margin: float | None, words: str, scripts: dict[str, ModuleType]
) -> None:
    said = scripts["page"].verdict("A", "B", gain, 0.028, p, "accuracy", margin=margin)
    assert said.startswith(words)
    assert ("A true difference of 0.028 would have been seen" in said) == ("Not shown" in said)


def test_the_side_that_should_be_better_may_be_either(scripts: dict[str, ModuleType]) -> None:
    experiment = scripts["recipe"].read("max_and_average")
    one = Difference("accuracy", 0.8, 0.7, -0.1, -0.12, -0.08, 0.0, "paired_bootstrap", 0.03)
    found = scripts["sides"].Outcome("accuracy", "more", 100, [Interval(0, 0, 0)] * 2, [[0.0]] * 2, [(0, 1, one, 0.0)])
    (said,) = scripts["page"].verdicts(experiment, found)
    assert said == (
        "As claimed: max pooling is better than average pooling by 0.100 of accuracy (95% interval 0.080 to 0.120)."
    )


def test_an_unknown_expectation_is_refused(scripts: dict[str, ModuleType]) -> None:
    with pytest.raises(ConfigError, match="is not expected of two sides"):
        scripts["recipe"]._expected({"better": "a"}, "x.toml")


def test_mistakes_are_told(scripts: dict[str, ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main, out = scripts["run"].main, str(tmp_path / "out")
    assert main(["depht", "--out", out]) == 2
    assert capsys.readouterr().err.startswith("There is no experiment 'depht'. Experiments: activations, ")
    assert main(["depth", "--seeds", "1", "--out", out]) == 2
    assert capsys.readouterr().err == "Of 1 seed(s) there is no spread. Use --seeds 3.\n"
    assert not Path(out).exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "asked.json").write_text('{"seeds": 5, "quick": false}')
    assert main(["depth", "--out", out]) == 2
    assert "holds runs of other seeds or sizes" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["depth", "--missing"])
    assert "give --missing by itself" in capsys.readouterr().err


def test_data_that_is_not_here_is_told(
    scripts: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, kind, hint in (
        ("FASHION", {"kind": "fashion", "train": 1, "val": 1, "test": 1}, "dataset-fashion-mnist"),
        ("PHOTOS", {"kind": "flowers", "train": 1, "val": 1, "side": 8}, "FOVEAL_DATA=FOLDER"),
        ("PHOTOS", {"kind": "text", "characters": 9, "test_characters": 9}, "FOVEAL_DATA=FOLDER"),
    ):
        monkeypatch.setattr(scripts["data_sets"], name, tmp_path / "nothing")
        with pytest.raises(DataError) as error:
            scripts["data_sets"].prepare(kind, tmp_path / "data")
        assert hint in error.value.hint


@pytest.mark.slow
def test_an_experiment_end_to_end(
    scripts: dict[str, ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "attention_pooling"
    words = ["attention_pooling", "--quick", "--seeds", "2", "--out", str(out)]
    assert scripts["run"].main(words) == 0
    assert capsys.readouterr().out.count("seed-0, 1 of 2") == 2
    text = (out / "attention_pooling.md").read_text()
    assert "**Result.**" in text and "24 test images" in text and "| average pooling |" in text
    with Image.open(out / "attention_pooling.png") as figure:
        assert figure.width > 500
    models = [file.read_bytes() for file in sorted(out.glob("*/seed-*/model.safetensors"))]
    assert len(models) == 4
    assert scripts["run"].main(words) == 0  # nothing is trained again
    assert "seed-0" not in capsys.readouterr().out
    assert [file.read_bytes() for file in sorted(out.glob("*/seed-*/model.safetensors"))] == models
