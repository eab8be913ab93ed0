"""Detect objects with an exported model: NumPy, Pillow and ONNX Runtime alone, without Foveal.

    python onnx_detect.py blood.onnx photo.jpg ...

docs/guide/shipping.md explains each step. A test compares what this prints with `foveal predict`.
"""

import io
import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageCms, ImageOps


def read(path, size):
    """The image upright and in sRGB, and its full size; a large JPEG at a half, a quarter or an eighth of that."""
    image = Image.open(path)
    turned = image.getexif().get(0x0112, 1) >= 5
    full = image.size[::-1] if turned else image.size
    image.draft("RGB", size[::-1] if turned else size)
    profile, upright = image.info.get("icc_profile"), ImageOps.exif_transpose(image)
    if profile and upright.mode == "RGB":
        srgb, black = ImageCms.createProfile("sRGB"), ImageCms.Flags.BLACKPOINTCOMPENSATION
        upright = ImageCms.profileToProfile(upright, io.BytesIO(profile), srgb, 1, outputMode="RGB", flags=black)
    return upright.convert("RGB"), full


def main(model, paths):
    """Print the objects of each image: class, score, x1, y1, x2, y2 in its pixels."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    spec, size, decode, names = card["input"], card["input"]["size"], card["decode"], card["classes"]["names"]
    size = tuple(size) if isinstance(size, list) else (size, size)  # width and height
    assert spec["fit"] == "letterbox" and decode["nms"] == "hard", "docs/guide/shipping.md has the others"
    resampling = Image.Resampling[spec["interpolation"].upper()]

    for path in paths:
        image, full = read(path, size)
        scale = min(size[0] / image.width, size[1] / image.height)
        w, h = (max(1, round(length * scale)) for length in image.size)
        left, top = (size[0] - w) // 2, (size[1] - h) // 2
        canvas = Image.new("RGB", size, (spec["border"],) * 3)
        canvas.paste(image.resize((w, image.height), resampling).resize((w, h), resampling), (left, top))

        outputs = session.run(["boxes", "scores", "labels"], {"images": np.asarray(canvas)[None]})
        boxes, scores, labels = (output[0] for output in outputs)
        boxes = (boxes - [left, top, left, top]) / np.tile(np.array([w, h]) / full, 2)
        boxes = boxes.clip(0, [*full, *full])
        area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
        kept: list[int] = []
        for i in np.argsort(-scores, kind="stable"):
            low, high = np.maximum(boxes[i, :2], boxes[kept, :2]), np.minimum(boxes[i, 2:], boxes[kept, 2:])
            shared = (high - low).clip(0).prod(1)
            overlaps = shared / (area[i] + area[kept] - shared) > decode["nms_iou"]
            if scores[i] >= decode["threshold"] and area[i] > 0 and not (overlaps & (labels[kept] == labels[i])).any():
                kept.append(int(i))
        for i in kept[: decode["max_objects"]]:
            print(path, names[labels[i]], f"{scores[i]:.6f}", *(f"{place:.2f}" for place in boxes[i]), sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
