"""The page of settings says what RunConfig says."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from foveal.config.schema import option_names

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def make_page() -> str:
    spec = spec_from_file_location("make_settings", FOLDER / "make_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    page: str = module.page()
    return page


def test_the_page_is_current() -> None:
    written = (FOLDER / "settings.md").read_text(encoding="utf-8")
    assert written == make_page(), "out of date; write it again with: python docs/reference/make_settings.py"


def test_every_setting_has_a_row_and_a_meaning() -> None:
    rows = [line.split(" | ") for line in make_page().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows] == [f"| `{name.rsplit('.', 1)[-1]}`" for name in option_names()]
    assert all(len(row) == 4 and all(cell.strip(" |") for cell in row) for row in rows)
