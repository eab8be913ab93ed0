"""The one model file: safetensors with the card in its header. No torch, no pickle, no code.

The header is read and its size checked here before the library opens the file, so that a crafted one cannot exhaust
memory.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_bytes
from safetensors.numpy import save as save_bytes

from foveal.artifact.atomic import write_atomic
from foveal.artifact.card import Card, parse_card
from foveal.errors import ArtifactError
from foveal.types.arrays import Array

MAX_HEADER_BYTES = 64 * 2**20
"""Longest header accepted; a card with 100,000 class names takes about 3 MiB."""
DAMAGED = "The file is damaged or is not a Foveal model; use another copy."


def encode(card: Card, tensors: Mapping[str, Array]) -> bytes:
    """The bytes of a model file; equal inputs give equal bytes."""
    contiguous = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    return save_bytes(contiguous, metadata={"foveal": card.model_dump_json()})


def save(path: Path, card: Card, tensors: Mapping[str, Array]) -> None:
    """Write a model file atomically.

    Raises:
        RunError: It cannot be written.
    """
    write_atomic(path, encode(card, tensors))


def read_card(path: Path) -> Card:
    """Read the card alone, without the weights.

    Raises:
        ArtifactError: Not a Foveal model file.
    """
    card = find_card(path)
    if card is None:
        raise ArtifactError(
            f"{path}: holds tensors but no Foveal card.",
            "To start from these weights, train with --model.weights FILE.",
        )
    return card


def find_card(path: Path) -> Card | None:
    """The card of a safetensors file; None: the file has none, as weights from elsewhere.

    Raises:
        ArtifactError: Not a safetensors file, or a damaged card.
    """
    text = _metadata(path)
    return None if text is None else parse_card(text, where=str(path))


def load(path: Path) -> tuple[Card, dict[str, Array]]:
    """Read a model file.

    Raises:
        ArtifactError: Not a Foveal model file, damaged, or of a later version.
    """
    card = read_card(path)
    try:
        return card, load_bytes(path.read_bytes())
    except SafetensorError as error:
        raise ArtifactError(f"{path}: the weights cannot be read ({error}).", DAMAGED) from None


def _metadata(path: Path) -> str | None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            fits = 2 <= length <= size - 8
            if not fits and start[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
                raise ArtifactError(
                    f"{path}: a pickled checkpoint, which can run code when opened.",
                    "Foveal opens only its own .safetensors and .onnx files.",
                )
            if not fits:
                raise ArtifactError(
                    f"{path}: not a safetensors file, or cut short (header of {length:,} bytes in a file of {size:,}).",
                    DAMAGED,
                )
            if length > MAX_HEADER_BYTES:
                raise ArtifactError(f"{path}: its header of {length:,} bytes is larger than any model's.", DAMAGED)
            header = json.loads(file.read(length))
    except OSError as error:
        raise ArtifactError(
            f"{path}: cannot be read ({error.strerror}).", "Check the path and its permissions."
        ) from None
    except (ValueError, RecursionError):
        raise ArtifactError(f"{path}: its header is not JSON.", DAMAGED) from None
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    text = metadata.get("foveal") if isinstance(metadata, dict) else None
    return text if isinstance(text, str) else None
