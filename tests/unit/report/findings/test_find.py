import numpy as np

from foveal.metrics.contract import Interval, Matrix, Results
from foveal.report.findings.contract import Evidence, Finding
from foveal.report.findings.find import MOST, find
from foveal.types.size import Size


def test_nothing_is_invented_where_all_is_well():
    panel = Matrix("Confusion matrix", np.diag([500.0, 499.0, 500.0]), ("a", "b", "c"), of="images")
    per_class = {name: {"support": 500.0, "recall": 1.0} for name in "abc"}
    metrics = {"accuracy": Interval(0.999, 0.99, 1.0), "ece": Interval(0.01, 0.01, 0.02)}
    history = [
        {"epoch": e, "train_loss": 0.5 / e, "val_loss": 0.4 / e, "accuracy": 0.9 + 0.01 * e} for e in range(1, 6)
    ]
    trained = dict.fromkeys("abc", 500)
    results = Results(1500, metrics, per_class, (panel,))
    assert find(Evidence(results, "accuracy", trained=trained, history=history, best_epoch=5, stop="patience")) == []


def test_problems_first_and_six_at_most():
    names = [f"c{k}" for k in range(8)]
    rows = {name: {"recall": 0.0, "objects": 9.0} for name in names}
    evidence = Evidence(
        Results(20, {"mAP": Interval(0.1, 0.0, 0.4)}, rows, sizes=dict.fromkeys(names, 0.01)),
        "mAP",
        input_size=Size.square(160),
        caveats=["The model was trained on these images; expect lower numbers on others."],
        trained={**dict.fromkeys(names, 100), "c0": 2},
        history=[{"epoch": e, "mAP": 0.1 * e} for e in range(5)],
        best_epoch=4,
        stop="epochs",
        limit=5,
        true=[9],
    )
    found = find(evidence)
    assert len(found) == MOST
    ranks = ["problem", "warning", "note"]
    assert [ranks.index(f.severity) for f in found] == sorted(ranks.index(f.severity) for f in found)
    assert found[0].text.startswith("The model was trained on these images")


def test_plain_values():
    assert Finding("note", "x", "y").to_dict() == {"severity": "note", "text": "x", "rule": "y"}
