"""The page of a data set's map."""

import json
import re
from dataclasses import replace

import numpy as np

from foveal.report.learnt.map_page import THUMB_PX, DataMap, Point, render_map

AWKWARD = "</script><b>x.jpg"


def data_map(classes: int = 3, images: int = 5) -> DataMap:
    rng = np.random.default_rng(0)
    points = [
        Point(AWKWARD, [i % classes], "predicted: <i>", i == 0, (float(rng.random()), 0.5), (0.25, -1.0))
        for i in range(images)
    ]
    thumbs = [np.full((THUMB_PX, THUMB_PX, 3), i % 250, np.uint8) for i in range(images)]
    return DataMap("data", "model", [f"class {k} & <co>" for k in range(classes)], points, thumbs, 0.4, 30.0)


def test_names_stay_text_and_nothing_is_loaded() -> None:
    page = render_map(data_map())
    assert page == render_map(data_map())
    assert AWKWARD not in page and "<co>" not in page and "http" not in re.sub(r"http-equiv", "", page)
    assert "default-src 'none'" in page
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    data = json.loads(text)
    assert data["points"][0]["file"] == AWKWARD and data["points"][0]["wrong"] is True
    assert len(data["sheets"]) == 1 and data["sheets"][0].startswith("data:image/webp;base64,")
    assert "distances between clusters, their sizes and their densities mean nothing" in page
    assert "only mistakes (1)" in page


def test_many_classes_share_gray_and_many_images_several_sheets() -> None:
    many = data_map(20, 300)
    assert many.colors.count("bar") == 8 and many.grayed == 8 and len(set(many.colors)) == 13
    assert many.colors[:12] == [f"curve-{i}" for i in range(12)]
    page = render_map(many)
    assert page.count("data:image/webp") == 2 and "the 8 smaller classes are gray" in page


def test_of_several_classes_the_rarest_gives_the_colour() -> None:
    shown = data_map(2, 3)
    points = [replace(point, labels=[0, 1] if i == 2 else [0]) for i, point in enumerate(shown.points)]
    page = render_map(replace(shown, points=points))
    assert '"labels":[1,0]' in page and "of several the rarest" in page
    assert "of several" not in render_map(shown)
