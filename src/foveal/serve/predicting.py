"""From a request's images to its response: what is decoded, what is assembled, how long it may take. No torch."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import orjson

from foveal.errors import ImageError
from foveal.imaging.header import read_size
from foveal.inference.images import Named
from foveal.inference.predictor import Predictor, Prepared
from foveal.inference.writers import with_polygons
from foveal.serve.batching import Finish, Full, Load, Raw
from foveal.serve.models import Live
from foveal.serve.refusals import busy, invalid, late
from foveal.tasks.table import AnyOutput
from foveal.types.predictions.prediction import Prediction

ATTENTION = "attention"
"""The raw output that is a map of the image, where a network has one."""
DEADLINE_HEADER = "X-Timeout"


class Deadline:
    """When a request is given up.

    Args:
        limit_s: The server's own limit, in seconds.
        asked: The header of a client that wants less.

    Raises:
        Refused: 422: the header is no number of seconds.
    """

    def __init__(self, limit_s: float, asked: str | None = None) -> None:
        self.seconds = limit_s
        if asked is not None:
            try:
                wanted = float(asked)
            except ValueError:
                wanted = 0.0
            if not wanted > 0:
                raise invalid(f"{DEADLINE_HEADER}: {asked[:40]} is no number of seconds.", "Send one above 0.")
            self.seconds = min(limit_s, wanted)
        self._end = time.monotonic() + self.seconds

    @property
    def left_s(self) -> float:
        """Seconds until then, at least 0."""
        return max(0.0, self._end - time.monotonic())


async def run(live: Live, loads: Sequence[Load], finish: Finish, deadline: Deadline) -> bytes:
    """The body of a response.

    There is no ``await`` before the images are taken, so a model that is replaced meanwhile still finishes them.

    Raises:
        Refused: 503: the queue is full, or the deadline has passed.
        FovealError: An image cannot be read.
    """
    try:
        done = live.batcher.submit(loads, finish)
    except Full:
        raise busy("The queue of this model is full.", reason="full") from None
    try:
        async with asyncio.timeout(deadline.left_s):
            return await asyncio.wrap_future(done)
    except TimeoutError:
        raise late(deadline.seconds) from None
    except MemoryError:
        raise busy("The server is out of memory.", reason="memory") from None


def loads_of(predictor: Predictor, images: Sequence[Named], max_pixels: int) -> list[Load]:
    """What decodes and prepares each image."""
    return [partial(load_image, predictor, image, max_pixels) for image in images]


def load_image(predictor: Predictor, image: Named, max_pixels: int) -> Prepared:
    """Decode and prepare an image, once its header says that it is small enough.

    Raises:
        ImageError: It is too large, or cannot be read.
    """
    try:
        read_size(image.content, limit=max_pixels)
    except ImageError as error:
        raise type(error)(image.name, error.reason, error.hint) from None
    return predictor.prepare(image)


def assemble(output: AnyOutput, raws: Sequence[Raw]) -> list[Prediction]:
    """The predictions for some images, from what the network gave."""
    arrays = {name: np.concatenate([raw.arrays[name] for raw in raws]) for name in raws[0].arrays}
    return list(output.assemble(arrays, [raw.geometry for raw in raws]))


def finish_json(
    output: AnyOutput, names: Sequence[str], *, several: bool, polygons: bool = False, attention: bool = False
) -> Finish:
    """Makes predict's JSON: an object for an image, a list for several.

    Args:
        output: With the request's own threshold and the like.
        names: Of the images, as ``path``.
        several: Whether the response is a list.
        polygons: Whether masks are polygons, not RLE.
        attention: Whether the network's map is given, where it has one.
    """

    def finish(raws: Sequence[Raw]) -> bytes:
        documents: list[object] = []
        for name, raw, prediction in zip(names, raws, assemble(output, raws), strict=True):
            document = {"path": name, **prediction.to_dict()}
            if attention:
                document[ATTENTION] = attention_of(raw)
            documents.append(with_polygons(document) if polygons else document)
        return dumps(documents if several else documents[0])

    return finish


def attention_of(raw: Raw) -> Mapping[str, object] | None:
    """``map``, rows of weights, and ``box``, the part of the image that it covers, xyxy in pixels; None: no map."""
    if ATTENTION not in raw.arrays:
        return None
    width, height = raw.geometry.input_size
    box = raw.geometry.to_source(np.array([[0, 0], [width, height]], np.float64)).ravel()
    weights = raw.arrays[ATTENTION][0].astype(np.float64)
    return {
        "map": [[float(f"{w:.4g}") for w in row] for row in weights.tolist()],
        "box": [round(v, 2) for v in box.tolist()],
    }


def dumps(value: object) -> bytes:
    """JSON; a class name with half a surrogate pair, which is no text, is escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, allow_nan=False).encode()


Select = Callable[[Predictor], AnyOutput]
"""The model's output with a request's own options."""
