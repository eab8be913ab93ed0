import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from foveal.tune.study import lease as leases
from foveal.tune.study.lease import Lease, generations, holder, make, take

HOLDS = """
import sys, time
from pathlib import Path
from foveal.tune.study.lease import take
with take(Path(sys.argv[1]), beat_s=60.0, target=0.5):
    time.sleep(60)
"""


def aged(folder: Path, seconds: float) -> None:
    """The lease's holder is on another machine, and beat so long ago."""
    file = folder / f"lease.{max(generations(folder))}"
    file.write_text(file.read_text().replace('"machine": "', '"machine": "another '))
    before = time.time() - seconds
    os.utime(file, (before, before))


def test_one_at_a_time(tmp_path: Path) -> None:
    first = take(tmp_path, beat_s=1.0)
    assert first is not None and take(tmp_path, beat_s=1.0) is None
    with first:
        assert [path.name for path in tmp_path.iterdir()] == ["lease.1"]
    assert not list(tmp_path.iterdir()), "it is given back"
    again = take(tmp_path, beat_s=1.0)
    assert again is not None and again.generation == 1


def test_a_killed_holder_on_this_machine_is_followed_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)])
    while not generations(tmp_path):
        time.sleep(0.002)
    assert take(tmp_path, beat_s=60.0) is None
    process.kill()
    process.wait()
    known = holder(tmp_path, beat_s=60.0)
    assert known is not None and not known.fresh and known.target == 0.5
    taken = take(tmp_path, beat_s=60.0)
    assert taken is not None and taken.generation == 2 and generations(tmp_path) == [2]


def test_a_holder_elsewhere_is_followed_after_three_beats(tmp_path: Path) -> None:
    assert make(tmp_path, 1)
    aged(tmp_path, 25)
    assert take(tmp_path, beat_s=10.0) is None
    aged(tmp_path, 35)
    assert take(tmp_path, beat_s=10.0) is not None


def test_of_many_that_follow_one_does(tmp_path: Path) -> None:
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        make(folder, 1)
        aged(folder, 100)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _, folder=folder: take(folder, beat_s=1.0), range(8)))
        won = [one for one in found if one is not None]
        assert len(won) == 1 and generations(folder) == [won[0].generation]


def test_who_was_taken_over_notices(tmp_path: Path) -> None:
    slow = take(tmp_path, beat_s=0.02)
    assert slow is not None
    aged(tmp_path, 100)
    other = take(tmp_path, beat_s=0.02)
    assert other is not None
    with slow:
        assert slow.lost.wait(5)
    assert generations(tmp_path) == [2], "the other's stays"


def test_a_beat_keeps_it(tmp_path: Path) -> None:
    mine = take(tmp_path, beat_s=0.05)
    assert mine is not None
    with mine:
        aged(tmp_path, 100)
        time.sleep(0.3)
        assert take(tmp_path, beat_s=0.05) is None and not mine.lost.is_set()


def test_lost_before_anything_was_saved(tmp_path: Path) -> None:
    for number in range(4):
        taken = take(tmp_path, beat_s=1.0)
        assert isinstance(taken, Lease)
        aged(tmp_path, 100)
        known = holder(tmp_path, beat_s=1.0)
        assert known is not None and known.idle == number
    (tmp_path / "resume").mkdir()
    (tmp_path / "resume" / "state.pt").write_text("saved")
    take(tmp_path, beat_s=1.0)
    known = holder(tmp_path, beat_s=1.0)
    assert known is not None and known.idle == 0, "it has got on"


def test_without_hard_links(tmp_path: Path, monkeypatch: object) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(leases.os, "link", refuse)  # type: ignore[attr-defined]
    assert make(tmp_path, 1) and not make(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["lease.1"]
