"""Memory of a Catalog of a million rows, and the peak while it is read from a table.

    python benchmarks/catalog_memory.py [ROWS]

Prints MB resident: before, after, the peak while reading, and seconds. The limit is 200 MB in all. The images are
there, as empty files in one folder, whose names are listed once.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from foveal.data.formats.table import reader as table

LIMIT_MB = 200


def rss_mb() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak_mb() -> float:
    """Largest resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> int:
    """Measure; exit code 1 over the limit."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.csv")
        with path.open("w") as file:
            file.write("path,label,split\n")
            file.writelines(f"photos/{i * 7919 % rows:07d}.jpg,class_{i % 1000:04d},train\n" for i in range(rows))
        Path(folder, "photos").mkdir()
        for i in range(rows):
            Path(folder, "photos", f"{i:07d}.jpg").touch()
        before, start = rss_mb(), time.perf_counter()
        catalog = table.read(path)
        seconds = time.perf_counter() - start
        after, peak = rss_mb(), peak_mb()
        columns = catalog.names.text.values.nbytes + catalog.names.text.offsets.nbytes + catalog.splits.nbytes
        columns += catalog.labels.values.nbytes + catalog.labels.offsets.nbytes
    print(f"rows {len(catalog):,}  columns {columns / 1e6:.1f} MB ({columns / len(catalog):.0f} bytes a row)")
    print(f"RSS before {before:.0f}  after {after:.0f}  peak {peak:.0f} MB  limit {LIMIT_MB}  in {seconds:.1f} s")
    return int(peak > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
