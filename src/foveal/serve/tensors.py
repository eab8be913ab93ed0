"""Tensors of the Open Inference Protocol, as JSON and in its binary form.

https://github.com/kserve/open-inference-protocol and Triton's extension "binary tensor data".
"""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from foveal.brief import brief
from foveal.serve.bodies import decode_base64, read_json
from foveal.serve.refusals import invalid
from foveal.types.arrays import Array

LENGTH_HEADER = "Inference-Header-Content-Length"
BINARY_SIZE = "binary_data_size"
TYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}
"""The protocol's names of NumPy's types."""


class Tensor:
    """One input of a request, not read yet.

    Args:
        value: As it stands in the JSON.
        binary: Its bytes, where they follow the JSON.

    Raises:
        Refused: 422: a field is missing or wrong.
    """

    def __init__(self, value: Mapping[str, Any], binary: memoryview | None) -> None:
        match value:
            case {"name": str(name), "datatype": str(datatype), "shape": list(shape)} if all(
                type(side) is int and 0 <= side < 2**31 for side in shape
            ):
                self.name, self.datatype, self.shape = name, datatype, tuple(shape)
            case _:
                raise invalid("An input needs a name, a datatype and a shape of whole numbers.")
        self._data, self._binary = value.get("data"), binary
        if (self._data is None) == (binary is None):
            raise invalid(f"The input {name[:80]!r} needs data, or {BINARY_SIZE}.")

    __repr__ = brief

    def images(self) -> list[bytes]:
        """The encoded images of a BYTES tensor.

        Raises:
            Refused: 422.
        """
        self._expect("BYTES")
        if self._binary is not None:
            images = _split(self._binary, self.name)
        else:
            texts = self._data if isinstance(self._data, list) else []
            if not all(isinstance(text, str) for text in texts):
                raise invalid(f"The input {self.name!r} is no flat list of base64 texts.")
            images = [decode_base64(text, f"image {place}") for place, text in enumerate(texts, start=1)]
        if math.prod(self.shape) != len(images):
            raise invalid(f"The input {self.name!r} has {len(images)} elements for the shape {list(self.shape)}.")
        return images

    def pixels(self) -> Array:
        """A UINT8 tensor.

        Raises:
            Refused: 422.
        """
        self._expect("UINT8")
        count = math.prod(self.shape)
        if self._binary is not None:
            if len(self._binary) != count:
                raise invalid(f"The input {self.name!r} has {len(self._binary)} bytes for {list(self.shape)}.")
            return np.frombuffer(self._binary, np.uint8).reshape(self.shape)
        try:
            values = np.asarray(self._data)
        except ValueError:
            values = np.empty(0)
        whole = values.dtype.kind in "iu" and values.size == count
        if not whole or (count and not 0 <= values.min() <= values.max() <= 255):
            raise invalid(f"The input {self.name!r} needs {count} whole numbers from 0 to 255.")
        return values.astype(np.uint8).reshape(self.shape)

    def _expect(self, datatype: str) -> None:
        if self.datatype != datatype:
            raise invalid(f"The input {self.name!r} is {datatype}, not {self.datatype[:20]}.")


def read_request(body: bytes, header_length: str | None) -> tuple[dict[str, Any], list[Tensor]]:
    """The JSON of a request and its inputs.

    Raises:
        Refused: 422.
    """
    view = memoryview(body)
    end = len(body)
    if header_length is not None:
        if not (header_length.isascii() and header_length.isdecimal() and int(header_length) <= len(body)):
            raise invalid(f"{LENGTH_HEADER}: {header_length[:20]} does not fit a body of {len(body)} bytes.")
        end = int(header_length)
    request = read_json(view[:end])
    inputs = request.get("inputs")
    if not (isinstance(inputs, list) and inputs and all(isinstance(one, dict) for one in inputs)):
        raise invalid('The request needs "inputs", a list of objects.')
    tensors = []
    for one in inputs:
        size = parameters_of(one).get(BINARY_SIZE)
        binary = None
        if size is not None:
            if type(size) is not int or not 0 <= size <= len(body) - end:
                raise invalid(f"{BINARY_SIZE} is more than the bytes that follow.")
            binary, end = view[end : end + size], end + size
        tensors.append(Tensor(one, binary))
    if end != len(body):
        raise invalid(f"{len(body) - end} bytes follow that belong to no input.")
    return request, tensors


def parameters_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The field ``parameters``; empty where there is none.

    Raises:
        Refused: 422: it is no object.
    """
    parameters = value.get("parameters", {})
    if not isinstance(parameters, dict):
        raise invalid('"parameters" is no object.')
    return parameters


class Outputs:
    """Which outputs a request wants, and which of them in binary.

    Args:
        request: Its JSON.
        known: All outputs of the model.

    Raises:
        Refused: 422: an unknown one.
    """

    def __init__(self, request: Mapping[str, Any], known: Sequence[str]) -> None:
        every = parameters_of(request).get("binary_data_output") is True
        asked = request.get("outputs")
        if asked is None or asked == []:
            self.binary = dict.fromkeys(known, every)
            return
        self.binary = {}
        for one in asked if isinstance(asked, list) else [asked]:
            name = one.get("name") if isinstance(one, dict) else None
            if not isinstance(name, str) or name not in known:
                raise invalid(f"There is no output {str(name)[:80]!r}.", f"Outputs: {', '.join(known)}.")
            self.binary[name] = parameters_of(one).get("binary_data", every) is True

    __repr__ = brief


def write_response(
    head: Mapping[str, object], values: Mapping[str, Array | Sequence[bytes]], outputs: Outputs
) -> tuple[bytes, int | None]:
    """The body of a response, and the length of its JSON where bytes follow it."""
    tensors, tail = list[dict[str, object]](), list[bytes]()
    for name, binary in outputs.binary.items():
        value = values[name]
        if isinstance(value, np.ndarray):
            tensor: dict[str, object] = {"name": name, "datatype": TYPES[value.dtype.name], "shape": list(value.shape)}
            data = np.ascontiguousarray(value).reshape(-1)
            raw = data.tobytes() if binary else b""
        else:
            tensor = {"name": name, "datatype": "BYTES", "shape": [len(value)]}
            raw = b"".join(struct.pack("<I", len(one)) + one for one in value) if binary else b""
        if binary:
            tensor["parameters"] = {BINARY_SIZE: len(raw)}
            tail.append(raw)
        else:
            tensor["data"] = data.tolist() if isinstance(value, np.ndarray) else [one.decode() for one in value]
        tensors.append(tensor)
    text = orjson.dumps({**head, "outputs": tensors})
    return (b"".join([text, *tail]), len(text)) if tail else (text, None)


def _split(view: memoryview, name: str) -> list[bytes]:
    """Elements of a BYTES tensor: each has its length before it, four bytes, little endian."""
    elements, place = list[bytes](), 0
    while place < len(view):
        if place + 4 > len(view):
            raise invalid(f"The input {name!r} ends within a length.")
        (length,) = struct.unpack_from("<I", view, place)
        place += 4
        if place + length > len(view):
            raise invalid(f"The input {name!r} ends within an element.")
        elements.append(bytes(view[place : place + length]))
        place += length
    return elements
