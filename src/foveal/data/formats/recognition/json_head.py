"""The keys of a JSON file, from its beginning alone: enough to tell formats apart without parsing gigabytes."""

import re
from functools import lru_cache

MARK = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]:,]')
DEPTH = 6
"""Levels of nesting whose keys are told."""


@lru_cache(maxsize=128)
def key_paths(head: str) -> frozenset[str]:
    """Paths of the keys in the beginning of a JSON document, which may break off anywhere.

    An object's keys follow a dot and the items of a list are ``[]``: ``images[].file_name`` is a key of the objects in
    the list ``images``, ``[].image`` one of the objects in a list that is the whole document. Keys that are data, such
    as file names, are among them.

    Returns:
        The paths; empty for text that does not begin as JSON does.
    """
    if not head.lstrip().startswith(("{", "[")):
        return frozenset()
    found: set[str] = set()
    holders: list[tuple[bool, str]] = []  # whether it is a list, and the path of what it holds
    here, text = "", ""
    for match in MARK.finditer(head):
        mark = match[0]
        if mark == "[":
            here += "[]"
            holders.append((True, here))
            found.add(here)
        elif mark == "{":
            holders.append((False, here))
        elif not holders:
            text = match[1] or ""
        elif mark in "}]":
            holders.pop()
        elif mark == ":":
            here = f"{holders[-1][1]}.{text}".lstrip(".")
            if len(holders) <= DEPTH:
                found.add(here)
        elif mark == ",":
            here = holders[-1][1] if holders[-1][0] else here
        else:
            text = match[1]
    return frozenset(found)
