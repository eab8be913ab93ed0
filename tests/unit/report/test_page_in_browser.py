"""The page as a browser shows it: the script runs, nothing is logged as an error, the content is on the screen."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.metrics.contract import Lines, Matrix
from foveal.report.content import CaptionedImage, Content
from foveal.report.figures.canvas import FONT_PX
from foveal.report.figures.palette import DARK, LIGHT
from foveal.report.page import write_report

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
WALK = """
<script>
const said = [];
const within = (low, high, a, b) => a[low] >= b[low] - 1 && a[high] <= b[high] + 1;
const inside = (a, b) => within("left", "right", a, b) && within("top", "bottom", a, b);
const measure = () => {
  let shown = 0;
  for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect();
    if (!box.width) continue;
    shown += 1;
    if (box.right > innerWidth || box.left < 0) said.push("figure outside the page: " + svg.getAttribute("aria-label"));
    for (const text of svg.querySelectorAll("text"))
      if (!inside(text.getBoundingClientRect(), box)) said.push("label outside its figure: " + text.textContent);
  }
  return shown;
};
const counts = measure();
document.querySelector("[value=percent]").click();
const shown = counts + " and " + measure();
const texts = [...document.querySelectorAll(".percent svg")].filter((svg) => svg.getBoundingClientRect().width);
said.push(texts.map((svg) => svg.textContent.includes("% of its images")).join());
if (document.documentElement.scrollWidth > innerWidth) said.push("the page scrolls sideways");
const dialog = document.querySelector("dialog");
const key = (name) => dialog.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
document.querySelector("#mistakes .zoom").click();
const first = dialog.querySelector("figcaption").textContent;
said.push(dialog.open && dialog.querySelector("img").src.startsWith("data:image/webp") ? "enlarged" : "not enlarged");
key("ArrowRight");
said.push(dialog.querySelector(".turn span").textContent, first === dialog.querySelector("figcaption").textContent);
dialog.querySelector("[data-turn='0']").click();
said.push(dialog.open ? "open" : "closed");
const field = document.querySelector(".filter input");
field.value = "NUMBER 7 "; // a class, and another that is taken for it
field.dispatchEvent(new Event("input"));
const rows = [...document.querySelectorAll("#results .filter + .scroll tbody tr")];
said.push(rows.filter((row) => !row.hidden).length + " rows");
const choice = document.querySelector(".legend.classes button");
choice.click();
said.push(document.querySelectorAll("svg.dim g.on").length + " of " + document.querySelectorAll("svg.dim").length);
const chart = document.querySelector("[data-values] svg");
const box = chart.parentElement.querySelector(".readout");
const read = () => said.push(getComputedStyle(box).display + " " + box.lastElementChild?.textContent);
const press = (key) => chart.dispatchEvent(new KeyboardEvent("keydown", { key }));
read();
press("ArrowRight");
press("ArrowRight");
read();
if (box.getBoundingClientRect().right > innerWidth) said.push("numbers outside the page");
chart.dispatchEvent(new PointerEvent("pointermove", { clientX: chart.getBoundingClientRect().right }));
read();
press("Escape");
read();
said.push(document.querySelectorAll("nav a").length + " links");
document.title = [shown, ...said].join(" | ");
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


def crowded(content: Content) -> Content:
    """Matrices of several sizes, curves with counts and marks, all with long names."""
    names = tuple(f"a rather long class name, number {k} " for k in range(24))
    line = (np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    bars = (np.linspace(0, 1, 4), np.array([3.0, 123456.0, 8.0]))
    panels = (
        *(
            Matrix(f"m{k}", 12345 * np.eye(k) + 7 * np.eye(k, k=1), names[:k], of="images" if k == 7 else "")
            for k in (2, 7, 20, 24)
        ),
        Lines("r", "confidence " * 9, "accuracy " * 9, {"model": line}, shares="xy", bars=bars, bars_title="images"),
        Lines(
            "c",
            "x",
            "y",
            {names[0]: line, names[1]: line, "mean": line},
            marks={"the threshold in use 0.93": 0.93, "other": 0.1},
        ),
        Lines("n", "objects", "", {"a": (line[0] * 123456, line[1] * 1e-6)}, dots=True),
    )
    photo = CaptionedImage(np.zeros((40, 90, 3), np.uint8), "other", "b.jpg")
    per_class = {name: {"precision": 0.5} for name in names}
    results = replace(content.results, panels=panels, per_class=per_class)
    return replace(content, results=results, examples=[content.examples[0], photo])


def test_every_label_lies_inside_its_figure_and_all_can_be_used(content, tmp_path: Path):
    page, frames = tmp_path / "report.html", tmp_path / "frames.html"
    write_report(page, crowded(content))
    page.write_text(page.read_text("utf-8").replace("</html>", WALK), "utf-8")
    # A window is at least 500 px wide; a frame may be as narrow as a phone.
    frame = '<iframe style="border:0;width:{}px;height:900px" src="report.html"></iframe>'
    titles = "Array.from(frames).map((frame) => frame.document.title)"
    script = f"<script>onload = () => {{ document.title = {titles}.join(' || '); }};</script></html>"
    frames.write_text(frame.format(1400) + frame.format(420) + script)
    done = browse(tmp_path, frames, "--dump-dom", "--allow-file-access-from-files", "--window-size=1900,1000")
    assert "CONSOLE" not in done.stderr
    wide, narrow = re.search("<title>(.*?)</title>", done.stdout).group(1).split(" || ")
    for walked in (wide, narrow):
        shown, *said = walked.split(" | ")
        used = ["enlarged", "2 of 2", "false", "closed", "2 rows", "1 of 1"]
        read = ["none undefined", "block model0.125", "block model1", "none model1"]
        assert said == ["true", *used, *read, "9 links"], "a link to each section"
        assert shown == f"{4 + 3 + 3} and {4 + 3 + 3}", "each matrix once"
