"""The Open Inference Protocol, as Triton's own HTTP client speaks it."""

import json
from collections.abc import Iterator

import numpy as np
import orjson
import pytest
from tests.serving import CLASSES, SIDE, Network, Running, png

from foveal.version import __version__

triton = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
from tritonclient.utils import InferenceServerException  # noqa: E402

IMAGES = [png((v, 255 - v, 9)) for v in (0, 100, 250)]


@pytest.fixture
def client(server: Running) -> Iterator[object]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def encoded(images: list[bytes], *, binary: bool = True) -> object:
    tensor = triton.InferInput("image", [len(images)], "BYTES")
    tensor.set_data_from_numpy(np.array(images, dtype=np.object_), binary_data=binary)
    return tensor


def pixels(name: str, values: np.ndarray, *, binary: bool = True) -> object:
    tensor = triton.InferInput(name, list(values.shape), "UINT8")
    tensor.set_data_from_numpy(values, binary_data=binary)
    return tensor


def documents(result: object) -> list[dict[str, object]]:
    return [json.loads(text) for text in result.as_numpy("predictions")]  # type: ignore[attr-defined]


def expected(server: Running, name: str) -> list[dict[str, object]]:
    found = [server.post(f"/v1/models/{name}/predict", image).json for image in IMAGES]
    return [{key: value for key, value in one.items() if key != "path"} for one in found]


def test_the_server_and_its_models_describe_themselves(client) -> None:
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("trees") and client.is_model_ready("trees", "1")
    assert not client.is_model_ready("trees", "2") and not client.is_model_ready("oaks")
    metadata = client.get_server_metadata()
    assert metadata == {"name": "foveal", "version": __version__, "extensions": ["binary_tensor_data"]}
    model = client.get_model_metadata("cells")
    assert [(one["name"], one["datatype"], one["shape"]) for one in model["inputs"]] == [
        ("image", "BYTES", [-1]),
        ("pixels", "UINT8", [-1, -1, -1, 3]),
        ("input", "UINT8", [-1, SIDE, SIDE, 3]),
    ]
    wide = client.get_model_metadata("street")["inputs"][2]
    assert (wide["name"], wide["shape"]) == ("input", [-1, SIDE, 40, 3]), "rows, then columns"
    with pytest.raises(InferenceServerException, match=r"not \[N, 32, 40, 3\]"):
        client.infer("street", [pixels("input", np.zeros((1, 40, SIDE, 3), np.uint8))])
    client.infer("street", [pixels("input", np.zeros((1, SIDE, 40, 3), np.uint8))])
    assert [(one["name"], one["datatype"], one["shape"]) for one in model["outputs"]] == [
        ("predictions", "BYTES", [-1]),
        ("boxes", "FP32", [-1, 3, 4]),
        ("scores", "FP32", [-1, 3]),
        ("labels", "INT64", [-1, 3]),
    ]


@pytest.mark.parametrize("name", ["trees", "cells", "street"])
@pytest.mark.parametrize("binary", [True, False])
def test_encoded_images_give_what_predict_gives(client, server: Running, name: str, binary: bool) -> None:
    if binary:
        tensor = encoded(IMAGES)
        result = client.infer(name, [tensor], request_id="r-1")
        assert result.get_response()["id"] == "r-1"
        assert documents(result) == expected(server, name)
        return
    import base64  # in JSON bytes are base64

    texts = [base64.b64encode(image).decode() for image in IMAGES]
    body = orjson.dumps({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [3], "data": texts}]})
    response = server.post(f"/v2/models/{name}/infer", body, "application/json").json
    assert (response["model_name"], response["model_version"]) == (name, "1")
    found = next(one for one in response["outputs"] if one["name"] == "predictions")
    assert [json.loads(text) for text in found["data"]] == expected(server, name)


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_raw_outputs_are_those_of_the_network(client, binary_in: bool, binary_out: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    wanted = [triton.InferRequestedOutput(n, binary_data=binary_out) for n in ("labels", "scores", "predictions")]
    result = client.infer("cells", [pixels("input", images, binary=binary_in)], outputs=wanted)
    arrays = Network("detect").run(images)
    assert result.as_numpy("boxes") is None, "only what is asked for"
    for name in ("labels", "scores"):
        np.testing.assert_array_equal(result.as_numpy(name), arrays[name])
        assert result.as_numpy(name).dtype == arrays[name].dtype
    assert documents(result)[1]["objects"][0] == {"name": CLASSES[0], "score": 0.9, "box": [2, 2, 14, 14]}


def test_pixels_are_prepared_as_files_are(client, server: Running) -> None:
    image = np.full((48, 64, 3), (0, 255, 9), np.uint8)
    whole = documents(client.infer("cells", [pixels("pixels", image[None])]))
    assert whole == expected(server, "cells")[:1]
    assert documents(client.infer("cells", [pixels("pixels", image)])) == whole, "one image needs no batch axis"


@pytest.mark.parametrize(
    ("change", "status", "what"),
    [
        ({"inputs": []}, 422, 'The request needs "inputs", a list of objects.'),
        ({"inputs": [{"name": "image"}]}, 422, "An input needs a name, a datatype and a shape of whole numbers."),
        (
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1]}]},
            422,
            "The input 'image' needs data, or binary_data_size.",
        ),
        (
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [2], "data": ["aGk="]}]},
            422,
            "The input 'image' has 1 elements for the shape [2].",
        ),
        (
            {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1], "data": [1.0]}]},
            422,
            "The input 'image' is BYTES, not FP32.",
        ),
        (
            {"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "data": ["aGk="]}]},
            422,
            "There is no input 'photo'.",
        ),
        (
            {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [1, 2, 300]}]},
            422,
            "The input 'pixels' needs 3 whole numbers from 0 to 255.",
        ),
        (
            {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 3], "data": [1, 2, 3]}]},
            422,
            "The input 'pixels' has the shape [1, 3], not [N, height, width, 3].",
        ),
        (
            {"inputs": [{"name": "input", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [1, 2, 3]}]},
            422,
            "The input 'input' has the shape [1, 1, 1, 3], not [N, 32, 32, 3].",
        ),
        (
            {
                "inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["aGk="]}],
                "outputs": [{"name": "x"}],
            },
            422,
            "There is no output 'x'.",
        ),
        (
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 9}}]},
            422,
            "binary_data_size is more than the bytes that follow.",
        ),
        (
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["aGk="]}]},
            422,
            "image 1: is not an image (starts with b'hi').",
        ),
        (
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [0], "data": []}]},
            422,
            "The request has no image.",
        ),
    ],
)
def test_what_is_refused(server: Running, change: dict[str, object], status: int, what: str) -> None:
    response = server.post("/v2/models/trees/infer", orjson.dumps(change), "application/json")
    assert (response.status, response.json["error"]) == (status, what)


@pytest.mark.parametrize(
    ("tail", "length", "what"),
    [
        (b"", "999999", "Inference-Header-Content-Length: 999999 does not fit a body of"),
        (b"", "-1", "Inference-Header-Content-Length: -1 does not fit a body of"),
        (b"\x09\x00\x00\x00abc", None, "The input 'image' ends within an element."),
        (b"\x09\x00\x00", None, "The input 'image' ends within a length."),
    ],
)
def test_binary_data_that_does_not_fit(server: Running, tail: bytes, length: str | None, what: str) -> None:
    parameters = {"binary_data_size": len(tail)}
    head = orjson.dumps({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "parameters": parameters}]})
    response = server.post(
        "/v2/models/trees/infer",
        head + tail,
        "application/octet-stream",
        Inference_Header_Content_Length=length or str(len(head)),
    )
    assert response.status == 422 and response.json["error"].startswith(what)


def test_the_client_is_told_what_was_wrong(client) -> None:
    with pytest.raises(InferenceServerException) as error:
        client.infer("trees", [encoded([b"no image"])])
    assert error.value.message() == "image 1: is not an image (starts with b'no image')."
    with pytest.raises(InferenceServerException, match="No model is called 'oaks'"):
        client.infer("oaks", [encoded(IMAGES)])
