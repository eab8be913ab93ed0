"""How the source lies: who imports whom, how full a folder is, and that tests lie as their subjects do."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "foveal"
MOST_FILES = 15
"""A folder that holds more modules is two rooms."""
Graph = Mapping[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        parts = file.relative_to(SOURCE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Modules of the package that a file imports anywhere: within functions and under TYPE_CHECKING too.

    An import for types alone runs no code, but who reads one module has to read the other as well.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: a relative import, which this test would miss"
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in known else str(node.module) for name in names if node.module in known)


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules that reach each other (Tarjan's strongly connected components of more than one)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        path.append(module)
        for other in sorted(graph[module]):
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in path:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            group = path[path.index(module) :]
            del path[path.index(module) :]
            if len(group) > 1 or module in graph[module]:
                found.append(sorted(group))

    for module in graph:
        if module not in order:
            visit(module)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []
    assert circles({"a": {"a"}, "b": {"a"}}) == [["a"]]


def test_no_modules_import_each_other() -> None:
    known = modules()
    graph = {name: set(imported(file, known)) for name, file in known.items()}
    assert sum(map(len, graph.values())) > len(graph), "imports are seen"
    lines = []
    for group in circles(graph):
        inside = [f"    {a} imports {b}" for a in group for b in sorted(graph[a] & set(group))]
        lines.append("\n".join(["import each other:", *inside]))
    assert not lines, "\n".join(lines)


def test_no_folder_is_overfull() -> None:
    counts = Counter(file.parent for file in SOURCE.rglob("*.py") if file.name != "__init__.py")
    overfull = [f"{folder.relative_to(ROOT)}: {n} modules" for folder, n in counts.items() if n > MOST_FILES]
    assert not overfull, f"at most {MOST_FILES} modules in a folder:\n" + "\n".join(overfull)


def test_unit_tests_lie_where_their_subjects_do() -> None:
    """tests/unit/ROOM/test_NAME.py is about the module, folder or room NAME; test_NAME_MORE.py about a part of it."""
    tests = ROOT / "tests" / "unit"
    found = set()
    for file in sorted(tests.rglob("test_*.py")):
        room = SOURCE / file.parent.relative_to(tests)
        words = file.stem.split("_")[1:]
        names = ["_".join(words[:n]) for n in range(1, len(words) + 1)]
        if not any((room / f"{name}.py").exists() or (room / name).is_dir() or name == room.name for name in names):
            found.add(file.relative_to(tests).as_posix())
    assert not found, f"named after nothing in src/foveal: {sorted(found)}"
