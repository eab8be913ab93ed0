"""The predictions table says as much as the metrics were made from."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from foveal.runs.evaluation import Evaluation, write_predictions


def test_every_float32_comes_back(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random(500).astype(np.float32)
    scores[:3] = (1e-9, 1 - 2**-24, 1)
    output = SimpleNamespace(prediction_row=lambda truth, score: {"truth": truth, "score": float(score), "n": 3})
    evaluation = SimpleNamespace(
        truths=["a"] * 500, predictions=scores, catalog=SimpleNamespace(names=[f"{i}.png" for i in range(500)])
    )
    path = tmp_path / "predictions.csv"
    write_predictions(path, cast(Evaluation, evaluation), cast(Any, SimpleNamespace(output=output)))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    np.testing.assert_array_equal(np.array([row["score"] for row in rows], np.float32), scores)
    assert (rows[1]["truth"], rows[1]["n"], rows[2]["score"]) == ("a", "3", "1")
    assert max(len(row["score"]) for row in rows) <= 15
