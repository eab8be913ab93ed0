"""The rows of a large matrix that matter most, and all of them as a table.

Shapes: K rows, L columns.
"""

import numpy as np

from foveal.metrics.contract import Matrix, Table
from foveal.report.figures.matrix import columns_of, right_cells, shares
from foveal.report.wording import count

MAX_WHOLE = 21
"""Up to this many rows a matrix is shown whole: twenty classes, and background."""
MAX_BUSY = 20
"""Rows that are shown of a larger one."""
MAX_INSTEAD = 4
"""Other columns named in a row of the table."""
OTHERS = "all others"


def busiest(panel: Matrix) -> Matrix:
    """The rows with most errors, in the order of the class map, and the columns of the same classes.

    What lies in other columns is counted in one more, ``all others``.
    """
    values = np.nan_to_num(np.asarray(panel.values, np.float64))
    columns = columns_of(panel)
    wrong = np.where(right_cells(panel), 0.0, values).sum(1)
    rows = np.sort(np.argsort(-wrong, kind="stable")[:MAX_BUSY])
    names = [panel.labels[i] for i in rows]
    kept = np.array([columns.index(name) for name in names if name in columns], np.int64)
    rest = np.setdiff1d(np.arange(len(columns)), kept)
    part = np.concatenate([values[np.ix_(rows, kept)], values[np.ix_(rows, rest)].sum(1, keepdims=True)], axis=1)
    labels = [*(columns[j] for j in kept), OTHERS]
    title = f"{panel.title}: the {len(rows)} classes with most errors"
    return Matrix(title, part, names, panel.row_title, panel.column_title, labels, panel.of)


def every_row(panel: Matrix) -> Table:
    """A row per class: how many there are, the share that is right, and what was predicted instead."""
    values, right, share = np.nan_to_num(np.asarray(panel.values, np.float64)), right_cells(panel), shares(panel)
    columns = columns_of(panel)
    rows: list[tuple[str | int | float, ...]] = []
    for i, label in enumerate(panel.labels):
        wrong = np.where(right[i], 0.0, values[i])
        most = [j for j in np.argsort(-wrong, kind="stable")[:MAX_INSTEAD].tolist() if wrong[j] > 0]
        instead = ", ".join(f"{columns[j]} {count(float(wrong[j]))}{'' if panel.of else ' %'}" for j in most)
        total = (float(values[i].sum()),) if panel.of else ()
        rows.append((label, *total, f"{share[i][right[i]].sum():.0%}" if values[i].any() else "–", instead))
    header = ("truth", *((panel.of,) if panel.of else ()), "right", "predicted instead")
    return Table(panel.title, header, rows)
