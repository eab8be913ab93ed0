import numpy as np

from foveal.metrics.contract import Matrix
from foveal.report.figures.busiest import MAX_BUSY, OTHERS, busiest, every_row

NAMES = tuple(f"c{k}" for k in range(30))


def confusion() -> Matrix:
    """Class k has k errors, all of them predicted as class 0."""
    values = np.eye(30) * 10
    values[:, 0] += np.arange(30)
    return Matrix("Confusion matrix", values, NAMES, of="images")


def test_the_rows_with_most_errors_are_kept_in_order():
    part = busiest(confusion())
    assert list(part.labels) == [f"c{k}" for k in range(30 - MAX_BUSY, 30)]
    assert list(part.columns) == [*part.labels, OTHERS]
    assert part.values.shape == (MAX_BUSY, MAX_BUSY + 1)
    assert part.values[-1].sum() == confusion().values[-1].sum() and part.values[-1, -1] == 29
    assert np.diag(part.values[:, :-1]).tolist() == [10] * MAX_BUSY


def test_every_row_is_in_the_table():
    table = every_row(confusion())
    assert table.header == ("truth", "images", "right", "predicted instead")
    assert len(table.rows) == 30 and table.rows[29] == ("c29", 39.0, "26%", "c0 29") and table.rows[0][3] == ""
    shares = every_row(Matrix("m", np.array([[75.0, 25.0], [0.0, 0.0]]), ("a", "b")))
    assert shares.header == ("truth", "right", "predicted instead")
    assert shares.rows == [("a", "75%", "b 25 %"), ("b", "–", "")]
