"""The page as a browser shows it: the script runs, nothing is logged as an error, the content is on the screen."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.report.canvas import FONT_PX
from foveal.report.page import write_report
from foveal.report.palette import DARK, LIGHT

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]
MEASURE = """
<script>
const look = (query) => getComputedStyle(document.querySelector(query));
document.title = [
  look(".chart [class=s-accent]").stroke, look(".chart [class=s-accent]").strokeWidth,
  look(".matrix text:not([class])").fill, look(".chart text").fontSize, look(".chart text").fill,
].join(" | ");
</script>
</html>
"""
SORT_TWICE = """
<script>
const head = document.querySelectorAll("table.sortable thead button")[2];
head.click();
document.title = "wide " + document.documentElement.scrollWidth + " of " + innerWidth;
</script>
</html>
"""


def browse(tmp_path: Path, page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER
    return subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def test_the_script_sorts_and_nothing_complains(content, tmp_path: Path):
    page = tmp_path / "report.html"
    write_report(page, content)
    page.write_text(page.read_text("utf-8").replace("</html>", SORT_TWICE), "utf-8")
    done = browse(tmp_path, page, "--dump-dom", "--window-size=500,900")
    assert "CONSOLE" not in done.stderr
    table = done.stdout[done.stdout.index('<table class="sortable">') :]
    support = re.findall(r'data-value="(\d+)">\1<', table[: table.index("</table>")])
    assert [int(s) for s in support] == [9, 8, 7, 6, 5]
    assert 'aria-sort="descending"' in table
    wide, inner = map(int, re.search(r"<title>wide (\d+) of (\d+)", done.stdout).groups())
    assert wide <= inner, "the page scrolls sideways on a phone"


@pytest.mark.parametrize(("scheme", "light"), [("1", True), ("0", False)])
def test_content_is_visible_in_light_and_dark(content, tmp_path: Path, scheme, light):
    page, shot = tmp_path / "report.html", tmp_path / "shot.png"
    write_report(page, content)
    browse(
        tmp_path,
        page,
        f"--screenshot={shot}",
        "--window-size=1280,1600",
        f"--blink-settings=preferredColorScheme={scheme}",
    )
    gray = np.asarray(Image.open(shot).convert("L")).astype(int)
    ground = int(np.median(gray))
    assert (ground > 200) if light else (ground < 60)
    ink = np.abs(gray - ground) > 100
    assert 0.005 < ink.mean() < 0.5
    assert all(band.any() for band in np.array_split(ink, 8))


@pytest.mark.parametrize(("scheme", "colors"), [("1", LIGHT), ("0", DARK)], ids=["light", "dark"])
def test_figures_take_the_pages_colours_and_keep_their_sizes(content, tmp_path: Path, scheme, colors):
    page = tmp_path / "report.html"
    write_report(page, content)
    page.write_text(page.read_text("utf-8").replace("</html>", MEASURE), "utf-8")
    done = browse(tmp_path, page, "--dump-dom", f"--blink-settings=preferredColorScheme={scheme}")
    accent, ink, muted = (
        "rgb({}, {}, {})".format(*bytes.fromhex(colors[name][1:])) for name in ("accent", "ink", "muted")
    )
    want = [accent, "2px", ink, f"{FONT_PX}px", muted]
    assert re.search("<title>(.*?)</title>", done.stdout).group(1).split(" | ") == want
