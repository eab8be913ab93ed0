"""The routes, asked over HTTP."""

import base64
import json
import struct
import zlib
from pathlib import Path

import orjson
import pytest
from tests.serving import CLASSES, SIDE, TASKS, Network, Running, form, png, running

from foveal.inference.predictor import Predictor
from foveal.inference.writers import write_json
from foveal.serve.options import ServeOptions


def predicted(name: str, image: bytes, path: str = "image", **options: object) -> dict[str, object]:
    """What ``foveal predict --json`` gives for an image."""
    import io

    from foveal.types.selection import Selection

    with Predictor(Network(TASKS[name])) as predictor:
        chosen = predictor.select(Selection(**options))  # type: ignore[arg-type]
        text = io.StringIO()
        with write_json(text) as add:
            add(Path(path), chosen.predict(image))
    return json.loads(text.getvalue())[0]


@pytest.mark.parametrize("name", TASKS)
def test_one_image_gives_the_object_of_predict(server: Running, name: str) -> None:
    image = png((180, 90, 20), kind="JPEG")
    for kind in ("image/jpeg", "application/octet-stream"):
        response = server.post(f"/v1/models/{name}/predict", image, kind)
        assert response.status == 200 and response.headers["content-type"] == "application/json"
        assert response.json == predicted(name, image)


def test_several_give_a_list_in_order(server: Running) -> None:
    images = [png((v, 255 - v, 9)) for v in (0, 100, 250)]
    body, kind = form(*((f"{i}.png", image) for i, image in enumerate(images)))
    want = [predicted("trees", image, f"{i}.png") for i, image in enumerate(images)]
    assert server.post("/v1/models/trees/predict", body, kind).json == want
    encoded = orjson.dumps({"images": [base64.b64encode(image).decode() for image in images]})
    listed = server.post("/v1/models/trees/predict", encoded, "application/json").json
    assert [{**one, "path": f"{i}.png"} for i, one in enumerate(listed)] == want
    assert [one["path"] for one in listed] == ["image 1", "image 2", "image 3"]


def test_options_are_those_of_predict(server: Running) -> None:
    image = png()
    for name, query, options in (
        ("cells", "threshold=0.1", {"threshold": 0.1}),
        ("cells", "threshold=0.1&max_objects=2", {"threshold": 0.1, "max_objects": 2}),
        ("cells", "threshold=0.1&only=cedar&only=ash", {"threshold": 0.1, "only": ("cedar", "ash")}),
        ("trees", "top=1", {"top": 1}),
    ):
        response = server.post(f"/v1/models/{name}/predict?{query}", image)
        assert response.json == predicted(name, image, **options), query
    polygons = server.post("/v1/models/street/predict?polygons=true", image).json["mask"]
    assert set(polygons) == {"ash", "birch"} and all(len(ring) >= 8 for rings in polygons.values() for ring in rings)


def test_the_map_is_given_where_there_is_one(server: Running) -> None:
    attention = server.post("/v1/models/trees/predict?attention=true", png()).json["attention"]
    assert len(attention["map"]) == 4 and attention["map"][3][3] == 1 and attention["box"] == [0, 0, 64, 48]
    assert server.post("/v1/models/cells/predict?attention=true", png()).json["attention"] is None


@pytest.mark.parametrize(
    ("path", "status", "what", "hint"),
    [
        ("/v1/models/oaks/predict", 404, "No model is called 'oaks'.", "Models: trees, cells, street."),
        ("/v1/model", 404, "There is nothing at this path.", "See /openapi.json."),
        ("/v1/models", 405, "This path does not take this method.", "See /openapi.json."),
        (
            "/v1/models/trees/predict?treshold=1",
            422,
            "Unknown option: treshold.",
            "Options: threshold, max_objects, only, top, polygons, attention.",
        ),
        (
            "/v1/models/cells/predict?threshold=2",
            422,
            'threshold: "2" is not allowed (Input should be less than or equal to 1).',
            "Options: threshold, max_objects, only, top, polygons, attention.",
        ),
        (
            "/v1/models/trees/predict?max_objects=3",
            422,
            "max_objects is for objects, which this model does not predict.",
            "Leave out max_objects.",
        ),
        ("/v1/models/cells/predict?only=oak", 422, None, None),
    ],
)
def test_mistakes_in_the_address(server: Running, path: str, status: int, what: str | None, hint: str | None) -> None:
    response = server.post(path, png())
    assert response.status == status
    if what is not None:
        assert (response.json["error"], response.json["hint"]) == (what, hint)


def bomb(side: int) -> bytes:
    """A PNG of a few bytes whose header declares side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "kind", "status", "what"),
    [
        (bomb(9000), "image/png", 413, "image: is 9000 x 9000 pixels, over the limit of 50,000,000."),
        (b"%PDF-1.4 abc", "image/png", 422, "image: is a PDF, which Foveal does not read."),
        (png()[:-30], "image/png", 422, "image: is truncated."),
        (b"x" * 100, "image/jpeg", 422, "image: is not an image (starts with b'xxxxxxxxxxxx')."),
        (b"x", "text/plain", 415, "Bodies of type 'text/plain' are not read."),
    ],
)
def test_images_that_are_refused(server: Running, body: bytes, kind: str, status: int, what: str) -> None:
    response = server.post("/v1/models/trees/predict", body, kind)
    assert (response.status, response.json["error"]) == (status, what)
    assert set(response.json) <= {"error", "hint", "request_id"}


def test_a_compressed_body_is_refused(server: Running) -> None:
    response = server.post("/v1/models/trees/predict", zlib.compress(png()), "image/png", Content_Encoding="gzip")
    assert (response.status, response.json["error"]) == (415, "Bodies with Content-Encoding gzip are not read.")


def test_models_and_their_cards(server: Running) -> None:
    assert server.get("/v1/models").json == {"models": [{"name": n, "task": t} for n, t in TASKS.items()]}
    card = server.get("/v1/models/cells").json
    assert card["task"] == "detect" and card["classes"]["names"] == list(CLASSES) and card["input"]["size"] == SIDE
    assert server.get("/healthz").json == {"status": "ok"} and server.get("/readyz").json == {"status": "ready"}


def test_head_gives_the_headers_of_get_and_no_body(server: Running) -> None:
    for path in ("/", "/healthz", "/v1/models/cells"):
        get, head = server.get(path), server.ask("HEAD", path, headers={"X-Request-ID": "only-the-head"})
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))
    assert server.ask("HEAD", "/v1/models/trees/predict").status == 405
    assert {one["method"] for one in server.lines if one.get("request_id") == "only-the-head"} == {"HEAD"}


def test_every_response_has_an_id_and_headers_that_keep_a_browser_safe(server: Running) -> None:
    given = server.get("/healthz", **{"X-Request-ID": "run-7.a"})
    assert given.headers["x-request-id"] == "run-7.a"
    for path in ("/", "/nothing", "/v1/models/trees"):
        response = server.get(path, **{"X-Request-ID": "no spaces, please"})
        assert len(response.headers["x-request-id"]) == 32
        assert response.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in server.get(path, Origin="http://evil.example").headers
    missing = server.get("/nothing")
    assert missing.json["request_id"] == missing.headers["x-request-id"]
    lines = [json.loads(line) for line in server.log.getvalue().splitlines()]
    line = next(one for one in lines if one.get("request_id") == "run-7.a")
    assert line["path"] == "/healthz" and line["status"] == 200 and line["level"] == "info" and line["ms"] > 0


def test_the_page_and_the_description_load_nothing_from_elsewhere(server: Running) -> None:
    for path in ("/", "/page.js", "/draw.js", "/page.css", "/icon.svg"):
        response = server.get(path)
        text = response.body.decode()
        assert response.status == 200 and len(text) > 100
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("// ", "")
    document = server.get("/openapi.json").json
    assert {"/v1/models/{name}/predict", "/v2/models/{name}/infer", "/metrics"} < set(document["paths"])
    assert server.get("/docs").status == 404


def test_metrics_count_by_route_and_never_by_what_a_client_wrote(server: Running) -> None:
    server.post("/v1/models/trees/predict", png())
    server.post("/v1/models/invented/predict", png())
    text = server.get("/metrics").body.decode()
    assert 'foveal_requests_total{model="trees",route="/v1/models/{name}/predict",status="200"}' in text
    assert 'foveal_batch_images_count{model="trees"}' in text and 'foveal_images_inside{model="trees"} 0.0' in text
    assert "invented" not in text


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    with running(tmp_path, ServeOptions(api_key="open-sesame", cors=("http://ours.example",))) as one:
        for path in ("/", "/page.js", "/healthz", "/readyz", "/v2/health/ready"):
            assert one.get(path).status == 200
        for path in ("/v1/models", "/metrics", "/openapi.json", "/v2/models/trees", "/page/samples/0"):
            refused = one.get(path)
            assert refused.status == 401 and refused.headers["www-authenticate"] == "Bearer"
            assert refused.json["error"] == "This server needs its API key."
        for wrong in ("open-sesam", "open-sesame1", "Ünïcode"):
            assert one.get("/v1/models", **{"X-API-Key": wrong}).status == 401
            assert one.get("/v1/models", Authorization=f"Bearer {wrong}").status == 401
        assert one.get("/v1/models", Authorization="bearer open-sesame").status == 200
        assert one.post("/v1/models/trees/predict", png(), X_API_Key="open-sesame").status == 200
        allowed = one.get("/healthz", Origin="http://ours.example")
        assert allowed.headers["access-control-allow-origin"] == "http://ours.example"
        assert "access-control-allow-origin" not in one.get("/healthz", Origin="http://other.example").headers
        assert "sesame" not in one.log.getvalue()


def test_a_full_queue_and_a_deadline_are_told_with_503(tmp_path: Path) -> None:
    from threading import Thread

    with running(tmp_path, ServeOptions(queue=2, max_batch=1), {"trees": ""}) as one:
        one.network("trees").gate.clear()
        held = [Thread(target=one.post, args=("/v1/models/trees/predict", png())) for _ in range(2)]
        for thread in held:
            thread.start()
        while one.server.models.live["trees"].batcher.inside < 2:
            pass
        full = one.post("/v1/models/trees/predict", png())
        assert (full.status, full.headers["retry-after"]) == (503, "1")
        assert full.json["error"] == "The queue of this model is full."
        assert one.get("/healthz").status == 200, "the rest is as quick as ever"
        one.network("trees").gate.set()
        for thread in held:
            thread.join(10)
        one.network("trees").gate.clear()
        late = one.post("/v1/models/trees/predict", png(), X_Timeout="0.2")
        assert (late.status, late.headers["retry-after"]) == (503, "1")
        assert late.json["error"] == "The request took longer than its deadline of 0.2 s."
        one.network("trees").gate.set()
        for wrong in ("soon", "-1", "nan"):
            response = one.post("/v1/models/trees/predict", png(), X_Timeout=wrong)
            assert (response.status, response.json["hint"]) == (422, "Send one above 0.")
        text = one.get("/metrics").body.decode()
        assert 'foveal_refused_total{model="trees",reason="full"} 1.0' in text
        assert 'foveal_refused_total{model="trees",reason="deadline"} 1.0' in text


def test_a_large_body_is_refused_by_its_header(tmp_path: Path) -> None:
    with running(tmp_path, ServeOptions(max_body_bytes=5000), {"trees": ""}) as one:
        response = one.ask("POST", "/v1/models/trees/predict", b"x" * 6000, {"Content-Type": "image/png"})
        assert (response.status, response.json["error"]) == (413, "The body is larger than 0.005 MB.")


def test_a_bug_is_told_in_the_log_and_not_to_the_client(tmp_path: Path) -> None:
    with running(tmp_path, names={"trees": ""}) as one:
        one.network("trees").run = lambda images: 1 / 0  # type: ignore[method-assign,assignment,return-value]
        response = one.post("/v1/models/trees/predict", png())
        assert response.status == 500 and set(response.json) == {"error", "request_id"}
        assert "ZeroDivisionError" in one.log.getvalue() and b"ZeroDivision" not in response.body


def test_samples_are_offered(tmp_path: Path) -> None:
    file = tmp_path / "rose.png"
    file.write_bytes(png())
    with running(tmp_path, ServeOptions(samples=(file,)), {"trees": ""}) as one:
        assert one.get("/page/settings").json["samples"] == ["rose.png"]
        sample = one.get("/page/samples/0")
        assert sample.body == png() and sample.headers["content-type"] == "image/png"
        assert [one.get(f"/page/samples/{n}").status for n in (1, -1)] == [404, 404]
