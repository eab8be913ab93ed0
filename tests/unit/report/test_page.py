"""The page as a parser sees it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foveal.errors import RunError
from foveal.metrics.contract import Interval, Lines, Mistake, Results
from foveal.report.content import CaptionedImage, Content, Key
from foveal.report.figures.palette import DARK, LIGHT
from foveal.report.page import MAX_IMAGES, render, write_report

VOID = {"meta", "link", "img", "input"}


class Page(HTMLParser):
    """Tags, attributes and text; complains about tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_nothing_comes_from_outside(content):
    html = render(content)
    for _, attrs in Page(html).tags:
        for key in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
            assert (attrs.get(key) or "data:").startswith("data:"), attrs
    assert not re.search(r"url\(|@import|https?:|//[a-z]", re.sub(r'"data:[^"]*"', "", html))


def test_names_are_text_and_never_markup(content):
    html = render(content)
    page = Page(html)
    assert {"b", "em", "u", "i"}.isdisjoint(
        {tag for tag, attrs in page.tags if "style" not in attrs and tag in {"b", "em", "u", "i"}}
    )
    for text in ("<b>bold</b>", "蜜蜂 & Co", 'quote" onload="x', "</script>", "runs/<em>bees</em>", "Pairs <u>"):
        assert text in page.words, text
    assert "truth <b>bold</b>, predicted 蜜蜂 & Co 0.97" in page.words
    assert not any("onload" in attrs for _, attrs in page.tags)
    assert len(page.all("script")) == 1
    assert {attrs.get("aria-label") for attrs in page.all("svg")} >= {"Reliable <i>", "Mix-ups"}


AWKWARD = st.text("<>&\"'/=;!-$_\\{}onscript 蜂ص🐝", min_size=1, max_size=30)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(AWKWARD, min_size=3, max_size=3, unique=True))
def test_any_class_names_are_text(content, make_results, names):
    counts = {"train": dict.fromkeys(names, 1)}
    named = replace(content, title=names[0], results=make_results(names), history=[], class_counts=counts)
    page, usual = Page(render(named)), Page(render(content))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in usual.tags}
    assert {name for _, attrs in page.tags for name in attrs} <= {name for _, attrs in usual.tags for name in attrs}
    assert len(page.all("script")) == 1
    assert {name.strip() for name in names} <= set(page.words)


def test_more_or_less_is_better(content):
    html = render(content)
    assert html.count('title="less is better">↓') == 1 and html.count('title="more is better">↑') == 2


def test_what_the_images_are():
    photo = CaptionedImage(np.zeros((9, 9, 3), np.uint8), "x")
    content = Content("t", "anything", Results(1, {}, {}), "", examples=[photo])

    def words(**changes) -> str:
        return " ".join(Page(render(replace(content, **changes))).words)

    assert "Worst mistakes" in words()
    assert "There are no mistakes; these predictions are right and the least certain ones." in words(
        examples_are="uncertain"
    )
    assert "Some images" in words(examples_are="samples")
    keyed = render(replace(content, key=[Key("missed", (232, 46, 160), "dotted")]))
    assert '<li style="--c:rgb(232, 46, 160);--line-style:dotted">missed</li>' in keyed


def test_classes_have_one_legend(content, make_results):
    line = (np.array([0.0, 1.0]), np.array([0.2, 0.9]))
    panels = [Lines(f"p{k}", "x", "y", {"mean": line, "a": line, "b": line}) for k in range(2)]
    html = render(replace(content, history=[], results=replace(make_results(("a", "b")), panels=panels)))
    assert html.count('aria-pressed="false">a</button>') == 1 and html.count(">a</li>") == 0
    assert html.count(">mean</li>") == 2, "each figure names what is no class"


def test_a_large_matrix_shows_its_busiest_rows_and_a_table_to_filter(content, make_results):
    names = tuple(f"class {k}" for k in range(40))
    page = Page(render(replace(content, history=[], results=make_results(names))))
    assert "Mix-ups: the 20 classes with most errors" in page.words
    assert len(page.all("input")) == 2, "a filter for the matrix, one for the table of classes"
    assert all(name in page.words for name in names)


def test_light_and_dark(content):
    html = render(content)
    dark = html.index("@media screen and (prefers-color-scheme: dark)")
    assert html.index(f":root {{ --ground: {LIGHT['ground']};") < dark < html.index(f"--ground: {DARK['ground']};")
    style = html[html.index("<style>") : html.index("</style>")]
    for attrs in (attrs for _, attrs in Page(html).tags):
        for name in (attrs.get("class") or "").split():
            assert not re.match("[fs]-", name) or f".{name} {{" in style


def test_every_part_is_there(content):
    page = Page(render(content))
    assert {attrs.get("id") for attrs in page.all("section")} >= {
        "findings",
        "metrics",
        "training",
        "results",
        "classes",
        "mistakes",
        "data",
        "configuration",
    }
    for text in (
        "Hits rate",
        "Platelets <b>: 0 of 25 found",
        "a/<b>.jpg",
        "A batch as training saw it",
        "0.875",
        "Evaluated on 41 images.",
        "3.000 to 4.250",
        "Loss",
        "Learning rate",
        "a < b & c",
        "Nothing to show.",
        "foveal export 'a b' && echo <done>",
        "The 3 worst of 40, worst first.",
        "plan.kind",
        "0.9, 0.999",
        "yes",
        "/data/a&b",
    ):
        assert text in page.words, text
    assert len(page.all("svg")) == 3 + 3, "a matrix is drawn for phones, too"
    assert len(page.all("img")) == 3 + 2 + 1


@pytest.mark.parametrize(("count", "of"), [(99, "99"), (100, "100 or more")])
def test_mistakes_that_were_left_out_are_told(content, count, of):
    worst = [Mistake(i, 1.0, "") for i in range(count)]
    page = Page(render(replace(content, results=replace(content.results, worst=worst))))
    assert f"The 3 worst of {of}, worst first." in page.words


def test_an_undefined_number_is_a_dash_and_has_no_bar(content):
    words = Page(render(content)).words
    assert "nan" not in words and "– to –" in words and "–" in words


def test_the_same_content_gives_the_same_bytes(content, tmp_path: Path):
    for name in ("one", "two"):
        write_report(tmp_path / name / "report.html", content)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert [p.as_posix() for p in files] == [
        "figures/hits-rate.png",
        "figures/learning-rate.png",
        "figures/loss.png",
        "figures/mix-ups.png",
        "figures/reliable-i.png",
        "report.html",
    ]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_a_large_report_stays_small(content, make_results):
    names = tuple(f"a rather long class name, number {k}" for k in range(300))
    photo = np.random.default_rng(0).integers(0, 256, (600, 800, 3)).astype(np.uint8)
    large = replace(
        content,
        results=make_results(names),
        examples=[CaptionedImage(photo, "noise is the worst a JPEG can meet")] * 60,
        class_counts={"train": dict.fromkeys(names, 5)},
    )
    html = render(large)
    assert len(html.encode()) < 3_000_000
    assert len(Page(html).all("img")) == MAX_IMAGES + 2 + 1


def test_the_barest_report():
    page = Page(render(Content("t", "anything", Results(1, {}, {}), "missing")))
    assert "Evaluated on 1 image." in page.words and page.all("section") == []


def test_an_unknown_headline_gives_way_to_the_first_metric():
    page = Page(render(Content("t", "anything", Results(1, {"first": Interval(0.5, 0.5, 0.5)}, {}), "missing")))
    assert page.words.count("First") == 2


def test_file_names_that_are_no_utf8(tmp_path: Path):
    write_report(tmp_path / "report.html", Content("caf\udce9", "anything", Results(1, {}, {}), ""))
    assert "caf?" in (tmp_path / "report.html").read_text("utf-8")


def test_a_folder_that_cannot_be(content, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="a file exists where a folder is needed"):
        write_report(tmp_path / "file" / "report.html", content)


def test_groups_cautions_and_directions_are_told():
    half = Interval(0.5, 0.4, 0.6)
    results = Results(30, {"accuracy": half, "log_loss": half}, {}, better={"accuracy": "more", "log_loss": "less"})
    plain = render(Content("t", "anything", results, "accuracy"))
    assert "Evaluated on 30 images.</p>" in plain and 'class="caution"' not in plain
    ways = re.findall(r'class="what">([^<]*) <span class="way" title="(\w+) is better">(.)', plain)
    assert ways == [("Accuracy", "more", "↑"), ("Log loss", "less", "↓")]
    told = render(Content("t", "anything", replace(results, groups=3, cautions=("Too <narrow>.",)), "accuracy"))
    assert "Evaluated on 30 images in 3 groups.</p>" in told
    assert '<p class="caution">Too &lt;narrow&gt;.</p>' in told
