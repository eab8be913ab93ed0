"""The page as a browser shows it: a file is chosen, what is predicted is drawn, errors are told, the slider works."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import Running, png, running

from foveal.serve.options import ServeOptions

browsing = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]
FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PIXEL = """([x, y]) => {
  const canvas = document.querySelector("#canvas");
  const [sx, sy] = [canvas.width / 64, canvas.height / 48];
  return [...canvas.getContext("2d").getImageData(Math.round(x * sx), Math.round(y * sy), 1, 1).data].slice(0, 3);
}"""
"""The colour of the canvas at a pixel of the image."""


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with browsing.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", *FAKE_CAMERA])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser) -> Iterator[object]:
    """A page that fails the test if anything is logged as an error or loaded from elsewhere."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, permissions=["camera"])
    page, wrong = context.new_page(), []
    page.set_default_timeout(120_000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda r: None if r.url.startswith(("http://127.0.0.1", "blob:")) else wrong.append(r.url))
    page.wrong = wrong
    yield page
    context.close()
    assert not [text for text in wrong if "status of 4" not in text], wrong


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "green.png"
    file.write_bytes(png((10, 200, 10)))
    return file


def open_page(page, server: Running, model: str) -> None:
    page.goto(f"{server.address}/#{model}")
    page.wait_for_selector("#about:not(:empty)")


def test_boxes_are_drawn_and_the_slider_hides_them(page, server: Running, image: Path) -> None:
    open_page(page, server, "cells")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows button")
    rows = page.locator("#rows li .what")
    assert rows.all_inner_texts() == ["ash", "birch"] and page.inner_text("#shown") == "0.50"
    assert page.inner_text("#summary").startswith("1 ash, 1 birch\ngreen.png, 64 x 48 px")
    # The first box is (4, 3) to (28, 21) in the image: its left edge is drawn in the colour of its class.
    edge = page.evaluate(PIXEL, [4, 18])
    assert edge != [10, 200, 10] and page.evaluate(PIXEL, [16, 19]) == [10, 200, 10]
    page.fill("#threshold", "0.7")
    assert rows.all_inner_texts() == ["ash"]
    page.fill("#threshold", "0.95")
    assert rows.count() == 0 and page.inner_text("#summary").startswith("No object at this threshold")
    assert page.evaluate(PIXEL, [4, 18]) == [10, 200, 10], "nothing is drawn"
    page.fill("#threshold", "0.1")
    assert rows.all_inner_texts() == ["ash", "birch", "cedar"], "also below the model's own threshold"
    page.click("#tab-json")
    assert page.inner_text("#text").count('"score"') == 3 and "predict?threshold=0.10" in page.inner_text("#command")
    page.click("#tab-results")
    page.get_by_role("button", name="Boxes").click()
    assert page.evaluate(PIXEL, [4, 18]) == [10, 200, 10]


def test_a_limit_that_the_threshold_does_not_reach_is_not_told(page, server: Running, image: Path) -> None:
    """The page asks for more objects than it shows."""

    def reached(route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "full": True})

    page.route("**/predict*", reached)
    open_page(page, server, "cells")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows button")
    page.click("#tab-json")
    assert set(json.loads(page.inner_text("#text"))) == {"path", "size", "objects"}
    page.click("#tab-results")
    page.fill("#threshold", "0.1")
    assert "(the limit on their number is reached)" in page.inner_text("#summary")
    page.click("#tab-json")
    assert json.loads(page.inner_text("#text"))["full"] is True


def test_classes_with_their_probabilities_and_the_map(page, server: Running, image: Path) -> None:
    open_page(page, server, "trees")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows li")
    assert page.locator("#rows li .what").all_inner_texts()[0] == "birch"
    assert re.fullmatch(r"birch \d\d\.\d%", page.inner_text("#summary").splitlines()[0])
    assert page.is_hidden("#slider")
    with_map = page.evaluate(PIXEL, [60, 44])
    assert with_map[0] > 150, "brightest where attention is highest"
    page.get_by_role("button", name="Attention").click()
    assert page.evaluate(PIXEL, [60, 44]) == [10, 200, 10]
    page.click("#tab-card")
    assert "classify" in page.inner_text("#card") and "ash, birch, cedar" in page.inner_text("#card")


def test_masks_of_classes_can_be_switched_off(page, server: Running, image: Path) -> None:
    open_page(page, server, "street")
    assert page.inner_text("#about").endswith(", 40 x 32 px")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows button")
    assert sorted(page.locator("#rows li .what").all_inner_texts()) == ["ash", "birch"]
    left, right = page.evaluate(PIXEL, [8, 20]), page.evaluate(PIXEL, [56, 20])
    assert left != right and [10, 200, 10] not in (left, right)
    page.get_by_role("button", name="ash").click()
    assert page.evaluate(PIXEL, [8, 20]) == [10, 200, 10] and page.evaluate(PIXEL, [56, 20]) == right


def test_an_error_is_told_and_the_next_image_works(page, server: Running, image: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image at all")
    open_page(page, server, "trees")
    page.set_input_files("#file", broken)
    page.wait_for_selector("#error:not([hidden])")
    told = page.inner_text("#error")
    assert told.startswith("image: is not an image") and "Send another image." in told and "Request " in told
    assert page.is_hidden("#canvas") and page.is_visible("#empty")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows li")
    assert page.is_hidden("#error")


def test_dropping_pasting_the_camera_and_the_sample(page, server: Running, image: Path) -> None:
    open_page(page, server, "trees")
    page.get_by_role("button", name="Sample").click()
    page.wait_for_selector("#rows li")
    assert "Sample, 640 x 480 px" in page.inner_text("#summary")
    give = """([kind, field, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: "image/png" }));
      const event = { clipboardData: data, dataTransfer: data };
      dispatchEvent(kind === "paste" ? new ClipboardEvent(kind, event) : new DragEvent(kind, event));
    }"""
    for kind in ("drop", "paste"):
        page.evaluate(give, [kind, "", list(image.read_bytes())])
        page.wait_for_selector(f"#summary:has-text('{kind}.png, 64 x 48 px')")
    page.get_by_role("button", name="Camera").click()
    page.wait_for_selector("#shooting[open] video")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Take it").click()
    page.wait_for_selector("#summary:has-text('camera, ')")


def test_the_json_is_copied_also_where_browsers_give_no_clipboard(page, server: Running, image: Path) -> None:
    """They give it to https and to 127.0.0.1 alone: not to a page of another machine."""
    open_page(page, server, "trees")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows li")
    page.click("#tab-json")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate("addEventListener('copy', () => { window.copied = String(getSelection()); })")
    page.click("#copy")
    page.wait_for_selector("#copy:has-text('Copied')")
    assert json.loads(page.evaluate("window.copied"))["classes"][0]["name"] == "birch"


def test_all_can_be_reached_with_the_keyboard(page, server: Running, image: Path) -> None:
    open_page(page, server, "cells")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows button")
    reached = []
    page.locator("body").click(position={"x": 2, "y": 2})
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.innerText.split('\\n')[0]"))
    assert reached[:7] == ["model", "choose", "camera", "Sample", "Boxes", "tab-results", "threshold"]
    page.focus("#threshold")
    page.keyboard.press("Home")
    assert page.locator("#rows li").count() == 3
    page.focus("#tab-results")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#json") and page.is_hidden("#results")


def test_the_key_is_asked_for_once(page, tmp_path: Path, image: Path) -> None:
    with running(tmp_path, ServeOptions(api_key="open-sesame", samples=(image,))) as one:
        page.goto(one.address)
        page.wait_for_selector("#asking[open]")
        page.fill("#key", "wrong-key")
        page.keyboard.press("Enter")
        page.wait_for_selector("#asking[open]")
        page.fill("#key", "open-sesame")
        page.keyboard.press("Enter")
        page.wait_for_selector("#about:not(:empty)")
        page.get_by_role("button", name="green.png").click()
        page.wait_for_selector("#rows li")
        assert page.locator("#samples img").count() == 1


@pytest.mark.parametrize("width", [1400, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_and_the_ground_follows_the_scheme(
    browser, server: Running, image: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(120_000)
    open_page(page, server, "cells")
    page.set_input_files("#file", image)
    page.wait_for_selector("#rows button")
    for tab in ("results", "json", "card"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(247, 248, 250)", "dark": "rgb(14, 16, 20)"}[scheme]
    context.close()
