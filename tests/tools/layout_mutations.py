"""Damage to a data set of any layout: names, nesting, encodings, types of values, truncated files."""

import csv
import io
import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random

import yaml

WORDS = (
    "train", "Val", "valid", "TEST", "images", "labels", "annotations", "masks", "data", "fold_1", "0", "None",
    "with blank", "ü", unicodedata.normalize("NFD", "ü"), "猫", "a" * 120, "%20", "a\\b", ".hidden", "Thumbs", "x.y.z",
)  # fmt: skip
"""New names of files and folders."""
SUFFIXES = (".JPG", ".jpeg", ".png", ".txt", ".json", ".xml", ".csv", ".yaml", "", ".gif")
VALUES = (
    None, True, False, 0, -1, 1, 2, 1e400, -1e400, float("nan"), 10**30, 0.5, "", " ", "0", "1.5", "-1", "nan", "a",
    "cat", "../../x", "\x00", "\ud800", "1e999", [], {}, [None], [[]], [1, "a"], {"a": {"b": []}}, "x" * 5000,
)  # fmt: skip
"""Values of another type or size."""
TEXTS = (".json", ".jsonl", ".xml", ".csv", ".txt", ".yaml", ".yml", ".data", ".names", ".toml")
ENCODINGS = ("utf-16", "utf-8-sig", "utf-32", "cp1252", "gb2312", "utf-7")
Damage = Callable[[Path, Random], None]


def rename(root: Path, rng: Random) -> None:
    """A file or folder gets another name."""
    path = _any(root, rng)
    if path is None:
        return
    suffix = path.suffix if path.is_file() and rng.random() < 0.8 else rng.choice(SUFFIXES)
    word = rng.choice((*WORDS, path.stem.upper(), path.stem[::-1]))
    _move(path, path.with_name((word + (suffix if path.is_file() else "")) or "x"))


def nest(root: Path, rng: Random) -> None:
    """Everything, or one thing, moves a folder down; or the content of a folder moves up."""
    word = rng.choice(WORDS)
    how = rng.random()
    if how < 0.3:
        inner = root / ".moving"
        inner.mkdir(exist_ok=True)
        for path in list(root.iterdir()):
            if path != inner:
                _move(path, inner / path.name)
        _move(inner, root / word)
    elif how < 0.6:
        path = _any(root, rng)
        if path is not None:
            folder = path.parent / f"{word}_"
            folder.mkdir(exist_ok=True)
            _move(path, folder / path.name)
    else:
        folder = _any(root, rng, folders=True)
        for path in list(folder.iterdir()) if folder is not None else ():
            _move(path, folder.parent / path.name)


def remove(root: Path, rng: Random) -> None:
    """A file or folder is gone, or empty."""
    path = _any(root, rng)
    if path is None:
        return
    if path.is_dir():
        shutil.rmtree(path)
        if rng.random() < 0.5:
            path.mkdir()
    elif rng.random() < 0.5:
        path.unlink()
    else:
        path.write_bytes(b"")


def copy(root: Path, rng: Random) -> None:
    """A file or folder is there twice."""
    path = _any(root, rng)
    if path is None:
        return
    target = path.with_name(f"{rng.choice(WORDS)}{path.suffix}")
    if not target.exists():
        shutil.copytree(path, target, symlinks=True) if path.is_dir() else shutil.copy(path, target)


def link(root: Path, rng: Random) -> None:
    """A link to a folder, perhaps to one above it, or to nothing."""
    folder = _any(root, rng, folders=True) or root
    target = rng.choice((root, folder, root / "nothing"))
    place = folder / rng.choice(WORDS)
    if not place.exists() and not place.is_symlink():
        place.symlink_to(target)


def encode(root: Path, rng: Random) -> None:
    """A text is in another encoding, with other ends of lines, or has bytes of none."""
    file = _text(root, rng)
    if file is None:
        return
    text = file.read_bytes().decode("utf-8", "replace").replace("cat", rng.choice(("cat", "Käse", "猫")))
    how = rng.random()
    if how < 0.6:
        file.write_bytes(text.encode(rng.choice(ENCODINGS), "replace"))
    elif how < 0.8:
        file.write_bytes(text.replace("\n", rng.choice(("\r\n", "\r", "\n\n", "\u2028"))).encode())
    else:
        data = bytearray(text.encode())
        data.insert(rng.randint(0, len(data)), rng.choice((0, 0xFF, 0x80, 0x1A)))
        file.write_bytes(bytes(data))


def truncate(root: Path, rng: Random) -> None:
    """A file ends early, or has other bytes in the middle or behind its end."""
    file = _any(root, rng, files=True)
    if file is None:
        return
    data = file.read_bytes()
    at = rng.randint(0, len(data))
    how = rng.random()
    middle = rng.randbytes(rng.randint(1, 9))
    file.write_bytes(data[:at] if how < 0.6 else data + middle if how < 0.7 else data[:at] + middle + data[at + 4 :])


def retype(root: Path, rng: Random) -> None:
    """A value in a document is of another type, gone, or there twice."""
    file = _text(root, rng)
    if file is None:
        return
    text = file.read_bytes().decode("utf-8", "replace")
    suffix = file.suffix.lower()
    try:
        if suffix == ".json":
            text = json.dumps(_changed(json.loads(text), rng))
        elif suffix == ".jsonl":
            lines = [json.loads(line) for line in text.splitlines()]
            text = "\n".join(json.dumps(one) for one in _changed(lines, rng))
        elif suffix in (".yaml", ".yml"):
            text = yaml.safe_dump(_changed(yaml.safe_load(text), rng), allow_unicode=True)
        elif suffix == ".csv":
            text = _changed_table(text, rng)
        else:
            text = _changed_text(text, rng)
    except (ValueError, TypeError, IndexError, RecursionError, csv.Error, yaml.YAMLError):  # damaged before
        text = _changed_text(text, rng)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))


DAMAGES: tuple[Damage, ...] = (rename, nest, remove, copy, link, encode, truncate, retype, retype, retype)
"""Values of documents are what readers take most on trust."""


def _changed(document: object, rng: Random) -> object:
    """A document with one value changed."""
    places: list[tuple[dict[object, object] | list[object], object]] = []
    waiting: list[object] = [document]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for key in keys:
            places.append((here, key))
            waiting.append(here[key])
    if not places or rng.random() < 0.03:
        return rng.choice(VALUES)
    holder, key = rng.choice(places)
    value, how = holder[key], rng.random()
    if how < 0.15:
        del holder[key]
    elif how < 0.25 and isinstance(holder, list):
        holder.append(value)
    elif how < 0.3 and isinstance(holder, dict):
        holder[rng.choice(WORDS)] = holder.pop(key)
    elif how < 0.4:
        holder[key] = str(value)
    elif how < 0.5:
        holder[key] = [value]
    elif how < 0.55:
        holder[key] = {"0": value, "x": value}
    else:
        holder[key] = rng.choice(VALUES)
    return document


def _changed_table(text: str, rng: Random) -> str:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    row = rng.choice(rows)
    at, how = rng.randrange(len(row)), rng.random()
    if how < 0.2:
        del row[at]
    elif how < 0.3:
        row.insert(at, "x")
    elif how < 0.4:
        rows.insert(rng.randrange(len(rows)), list(row))
    elif how < 0.5:
        rows = [[value for k, value in enumerate(one) if k != at] for one in rows]
    else:
        row[at] = str(rng.choice((*VALUES, *WORDS)))
    out = io.StringIO()
    csv.writer(out, delimiter=rng.choice(",,,;\t")).writerows(rows)
    return out.getvalue()


def _changed_text(text: str, rng: Random) -> str:
    """One word or number between marks changed, a line gone or there twice."""
    how = rng.random()
    lines = text.splitlines(keepends=True)
    if lines and how < 0.2:
        at = rng.randrange(len(lines))
        return "".join(lines[:at] + (lines[at] * 2 if how < 0.1 else "").splitlines(keepends=True) + lines[at + 1 :])
    found = list(re.finditer(r"[^\s<>\"=/:]+", text))
    if not found:
        return str(rng.choice(VALUES))
    match = rng.choice(found)
    return f"{text[: match.start()]}{rng.choice((*VALUES, *WORDS))}{text[match.end() :]}"


def _any(root: Path, rng: Random, *, files: bool = False, folders: bool = False) -> Path | None:
    there = sorted(path for path in root.rglob("*") if not path.is_symlink() and not (files and path.is_dir()))
    there = [path for path in there if not folders or path.is_dir()]
    if not folders and not files and there and rng.random() < 0.5:  # as often a folder as one of many files
        there = [path for path in there if path.is_dir()] or there
    return rng.choice(there) if there else None


def _text(root: Path, rng: Random) -> Path | None:
    texts = sorted(path for path in root.rglob("*") if path.suffix.lower() in TEXTS and path.is_file())
    return rng.choice(texts) if texts else None


def _move(path: Path, target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        path.rename(target)
