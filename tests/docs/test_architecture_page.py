"""docs/architecture.md names every module, and every test that it names is there: else the page ages."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_module_has_its_place_on_the_page() -> None:
    rooms = PAGE.partition("## Rooms")[2].partition("\n## ")[0]
    words = set(re.findall(r"\w+", rooms))
    source = ROOT / "src" / "foveal"
    names = {file.stem: file.relative_to(source) for file in source.rglob("*.py") if not file.stem.startswith("__")}
    names |= {
        folder.name: folder.relative_to(source) for folder in source.rglob("*") if (folder / "__init__.py").exists()
    }
    missing = sorted(str(where) for name, where in names.items() if name not in words)
    assert not missing, f"not among the rooms of docs/architecture.md: {missing}"


def test_every_file_that_the_page_names_is_there() -> None:
    files = re.findall(r"`((?:tests|benchmarks|docs|src)/[\w/.-]+\.\w+)`", PAGE)
    assert len(files) > 5
    assert not [file for file in files if not (ROOT / file).exists()]
