"""Segment images with an exported model: NumPy, Pillow and ONNX Runtime alone, without Foveal.

    python onnx_segment.py street.onnx photo.jpg ...

writes photo-mask.png, whose pixel values are class ids. docs/guide/shipping.md explains each step. A test compares it
with `foveal predict --masks`.
"""

import io
import json
import sys
from pathlib import Path

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


def cells(pixels, inner, before, count, side):
    """For each pixel of a side of the image: the cells before and after it, and how far it is between them."""
    at = (((np.arange(pixels) + 0.5) * inner / pixels + before) * count / side - 0.5).clip(0, count - 1)
    return at.astype(int), np.minimum(at.astype(int) + 1, count - 1), at % 1


def main(model, paths):
    """Write the class of each pixel beside each image, and print how much of it each class covers."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    spec, size, names = card["input"], card["input"]["size"], card["classes"]["names"]
    size = tuple(size) if isinstance(size, list) else (size, size)  # width and height
    assert spec["fit"] == "letterbox", "docs/guide/shipping.md has the other fits"
    resampling = Image.Resampling[spec["interpolation"].upper()]

    for path in paths:
        image, full = read(path, size)
        scale = min(size[0] / image.width, size[1] / image.height)
        w, h = (max(1, round(length * scale)) for length in image.size)
        left, top = (size[0] - w) // 2, (size[1] - h) // 2
        canvas = Image.new("RGB", size, (spec["border"],) * 3)
        canvas.paste(image.resize((w, image.height), resampling).resize((w, h), resampling), (left, top))

        (batch,) = session.run(["probabilities"], {"images": np.asarray(canvas)[None]})
        soft = batch[0]  # (K, rows, columns) of the input
        first, last, share = cells(full[0], w, left, soft.shape[2], size[0])
        soft = soft[:, :, first] * (1 - share) + soft[:, :, last] * share
        first, last, share = cells(full[1], h, top, soft.shape[1], size[1])
        soft = soft[:, first] * (1 - share)[:, None] + soft[:, last] * share[:, None]
        ids = soft.argmax(0).astype(np.uint8)
        Image.fromarray(ids).save(Path(path).with_name(f"{Path(path).stem}-mask.png"))
        for k in np.unique(ids):
            print(path, names[k], f"{(ids == k).mean():.6f}", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
