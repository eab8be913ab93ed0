"""The pages on what a model has learnt, as a browser shows them: no errors, and keys and search work."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.report.learnt.test_map_page import data_map
from tests.unit.report.test_page_in_browser import BROWSER, browse

from foveal.report.learnt.activations_page import ChannelShown, StageShown, render_activations
from foveal.report.learnt.map_page import render_map

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]
TRIED = """
<script>
const seen = [];
const text = (id) => document.getElementById(id).textContent.trim();
const key = (name) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
const field = document.getElementById("search");
field.value = "number 2.jpg";
field.dispatchEvent(new Event("input"));
seen.push(text("count"));
field.value = "";
field.dispatchEvent(new Event("input"));
key("m");
seen.push(text("count"));
key("n");
seen.push(text("shown"));
key("m");
document.querySelector("#names button").click();
seen.push(text("count"));
key("l");
seen.push(document.querySelector("[data-layout='pca']").getAttribute("aria-pressed"));
for (const name of ["+", "+", "-", "0", "p"]) key(name);
seen.push(document.documentElement.scrollWidth <= innerWidth ? "fits" : "scrolls sideways");
document.title = seen.join(" | ");
</script>
</html>
"""
TURNED = """
<script>
const dialog = document.querySelector("dialog");
document.querySelector(".pairs .zoom").click();
dialog.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
document.title = [
  dialog.open, dialog.querySelectorAll(".pair img").length, dialog.querySelector("figcaption").textContent,
  document.documentElement.scrollWidth <= innerWidth,
].join(" | ");
</script>
</html>
"""


def title(page: str, script: str, tmp_path: Path) -> list[str]:
    """What a script wrote into the title, on a phone; errors on the console fail."""
    file = tmp_path / "page.html"
    file.write_text(page.replace("</html>", script), "utf-8")
    done = browse(tmp_path, file, "--dump-dom", "--window-size=500,900")
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search("<title>(.*?)</title>", done.stdout)
    assert found
    return found.group(1).split(" | ")


def test_the_map_searches_filters_and_obeys_keys(tmp_path: Path) -> None:
    shown = data_map(3, 7)
    points = [replace(point, file=f"number {i}.jpg") for i, point in enumerate(shown.points)]
    seen = title(render_map(replace(shown, points=points)), TRIED, tmp_path)
    assert seen[:2] == ["1 of 7 images", "1 of 7 images"]
    assert seen[2] == "number 0.jpgannotated: class 0 &amp; &lt;co&gt;predicted: &lt;i&gt;"
    assert seen[3:] == ["3 of 7 images", "true", "fits"]


def test_feature_maps_are_enlarged_and_turned(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    stages = [StageShown("stage 1 of 1", "about", 2.0, [ChannelShown(k, image, image, 1.5, 0.25) for k in (7, 3)])]
    seen = title(render_activations("<b>.jpg", "net", image, stages), TURNED, tmp_path)
    assert seen == ["true", "2", "Stage 1 of 1, channel 3 activity 0.25, peak 1.5", "true"]
