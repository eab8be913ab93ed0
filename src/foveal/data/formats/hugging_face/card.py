"""Names of classes in a data set's card: the YAML head of README.md, as Hugging Face writes it."""

from collections.abc import Iterator
from pathlib import Path

import yaml

CARD = "README.md"
FENCE = "---"


def class_names(root: Path, keys: frozenset[str]) -> dict[str, str]:
    """The name of each class id; empty where the card has none.

    Args:
        root: The folder of the card.
        keys: Names of the features that may hold the classes.
    """
    try:
        text = (root / CARD).read_text("utf-8", errors="replace")
    except OSError:
        return {}
    head, closed, _ = text.lstrip("\ufeff").removeprefix(FENCE).partition(f"\n{FENCE}")
    if not closed or not text.lstrip("\ufeff").startswith(FENCE):
        return {}
    try:
        content: object = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return next(_names(content, keys), {})


def _names(node: object, keys: frozenset[str]) -> Iterator[dict[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _names(item, keys)
    if not isinstance(node, dict):
        return
    kind = node.get("dtype")
    label = kind.get("class_label") if isinstance(kind, dict) else None
    names = label.get("names") if isinstance(label, dict) else None
    if str(node.get("name")) in keys and isinstance(names, dict | list):
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        yield {str(key): str(name) for key, name in pairs}
    for value in node.values():
        yield from _names(value, keys)
