"""The predictions table says as much as the metrics were made from."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from foveal.runs.evaluation import Evaluation, write_predictions
from foveal.runs.several.kept import KEPT, read_kept
from foveal.types.categories import Categories
from foveal.types.reading import AS_STORED

OPTIONS = SimpleNamespace(model_dump=dict)


class Images(SimpleNamespace):
    """As much of a catalog as is written."""

    def __len__(self) -> int:
        return len(self.names)


def test_every_float32_comes_back(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random(500).astype(np.float32)
    scores[:3] = (1e-9, 1 - 2**-24, 1)
    output = SimpleNamespace(prediction_row=lambda truth, score: {"truth": truth, "score": float(score), "n": 3})
    output.to_kept = lambda truth, score: None
    output.categories, output.options = Categories(("a",)), OPTIONS
    catalog = Images(names=[f"{i}.png" for i in range(500)], root=tmp_path, content_hashes=np.zeros(500, "V16"))
    results = SimpleNamespace(cautions=())
    evaluation = SimpleNamespace(truths=["a"] * 500, predictions=scores, catalog=catalog, results=results)
    predictor = SimpleNamespace(output=output, card=SimpleNamespace(task="x"), spec=SimpleNamespace(reading=AS_STORED))
    write_predictions(tmp_path, cast(Evaluation, evaluation), cast(Any, predictor), split="", run="")
    assert read_kept(tmp_path / KEPT).images == [] and '"images":0' in (tmp_path / KEPT).read_text()
    rows = list(csv.DictReader((tmp_path / "predictions.csv").read_text().splitlines()))
    np.testing.assert_array_equal(np.array([row["score"] for row in rows], np.float32), scores)
    assert (rows[1]["truth"], rows[1]["n"], rows[2]["score"]) == ("a", "3", "1")
    assert max(len(row["score"]) for row in rows) <= 15
