"""Detect objects with an exported model: NumPy, Pillow and ONNX Runtime alone, without Foveal.

    python onnx_detect.py blood.onnx photo.jpg ...

For photos of 8 bits in sRGB or gray, upright or turned by EXIF (onnx_classify.py converts other colour profiles), and a
model with letterbox and hard NMS, as they are by default; docs/guide/shipping.md explains each step and has the other
cases. A test compares what this prints with `foveal predict`.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def main(model, paths):
    """Print the objects of each image: class, score, x1, y1, x2, y2 in its pixels."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    decode, names = card["decode"], card["classes"]["names"]
    size = np.broadcast_to(card["input"]["size"], 2).tolist()  # width and height
    assert card["input"]["fit"] == "letterbox" and decode["nms"] == "hard", "docs/guide/shipping.md has the others"
    resampling = Image.Resampling[card["input"]["interpolation"].upper()]

    for path in paths:
        image = Image.open(path)
        turned = image.getexif().get(0x0112, 1) >= 5
        full = image.size[::-1] if turned else image.size
        image.draft("RGB", size[::-1] if turned else size)  # decodes a large JPEG at a half, a quarter or an eighth
        image = ImageOps.exif_transpose(image).convert("RGB")
        scale = min(size[0] / image.width, size[1] / image.height)
        w, h = (max(1, round(length * scale)) for length in image.size)
        left, top = (size[0] - w) // 2, (size[1] - h) // 2
        canvas = Image.new("RGB", tuple(size), (card["input"]["border"],) * 3)
        canvas.paste(image.resize((w, image.height), resampling).resize((w, h), resampling), (left, top))

        found = session.run(["boxes", "scores", "labels"], {"images": np.asarray(canvas)[None]})
        boxes, scores, labels = (output[0] for output in found)
        boxes = ((boxes - [left, top, left, top]) / [w, h, w, h] * [*full, *full]).clip(0, [*full, *full])
        areas, kept = (boxes[:, 2:] - boxes[:, :2]).prod(1), []
        for i in np.argsort(-scores, kind="stable"):  # keeps an object that no better one of its class overlaps
            low, high = np.maximum(boxes[i, :2], boxes[kept, :2]), np.minimum(boxes[i, 2:], boxes[kept, 2:])
            shared = (high - low).clip(0).prod(1)
            alike = (labels[kept] == labels[i]) & (shared > decode["nms_iou"] * (areas[i] + areas[kept] - shared))
            if scores[i] >= decode["threshold"] and areas[i] > 0 and not alike.any():
                kept.append(i)
        for i in kept[: decode["max_objects"]]:
            box, own = boxes[i], (labels == labels[i]) & (scores >= decode["min_score"]) & (areas > 0)
            if decode.get("box_voting"):  # the mean of the boxes around it
                low, high = np.maximum(box[:2], boxes[own, :2]), np.minimum(box[2:], boxes[own, 2:])
                shared = (high - low).clip(0).prod(1)
                overlap = shared / (areas[i] + areas[own] - shared)
                weights = scores[own] * np.exp(-((1 - overlap) ** 2) / 0.05)
                box = weights @ boxes[own] / weights.sum()
            print(path, names[labels[i]], f"{scores[i]:.6f}", *(f"{place:.2f}" for place in box), sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
