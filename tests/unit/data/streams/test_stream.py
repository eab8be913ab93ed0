"""How a stream is cut."""

from pathlib import Path

import numpy as np
import pytest

from foveal.artifact.card import SplitCard
from foveal.data.config import DataConfig
from foveal.data.streams.stream import Piece, Stream
from foveal.runs.streams.settings import place_of, split_of
from foveal.types.streams.text_spec import TextSpec


def stream(*sizes: int) -> Stream:
    pieces = tuple(Piece(f"{k}.txt", np.arange(size)) for k, size in enumerate(sizes))
    return Stream(Path("texts"), TextSpec(kind="text", unit="character", alphabet="ab"), pieces)


def test_a_block_before_the_end_is_held_out_and_nothing_after_it_is_read() -> None:
    train, val = stream(100, 50).split(0.1, later=2)
    assert [list(piece.steps[[0, -1]]) for piece in train.pieces] == [[0, 69], [0, 34]]
    assert [list(piece.steps[[0, -1]]) for piece in val.pieces] == [[70, 79], [35, 39]]
    assert [piece.first for piece in val.pieces] == [70, 35] and val.pieces[0].context[-1] == 69


@pytest.mark.parametrize("kind", [DataConfig, lambda **values: SplitCard(seed=0, **values)])
def test_folds_are_the_last_blocks_and_the_last_of_them_is_the_usual_split(kind: type[DataConfig]) -> None:
    whole = stream(100)
    blocks = [split_of(whole, kind(val_fraction=0.2, folds=3, fold=k))[1].steps for k in (1, 2, 3)]
    assert [(int(block[0]), int(block[-1])) for block in blocks] == [(40, 59), (60, 79), (80, 99)]
    usual = split_of(whole, kind(val_fraction=0.2))
    assert usual[1].steps.tolist() == blocks[2].tolist() and len(usual[0]) == 80


def test_too_many_blocks_leave_one_step_and_nothing_to_evaluate() -> None:
    train, val = stream(10).split(0.5, later=4)
    assert len(train) == 1 and not val.pieces


def test_where_is_told() -> None:
    assert place_of(DataConfig()) == place_of(DataConfig(folds=3, fold=3)) == "at the end"
    assert place_of(DataConfig(folds=3, fold=1)) == "after them, block 1 of 3"
