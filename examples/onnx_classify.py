"""Classify images with an exported model: NumPy, Pillow and ONNX Runtime alone, without Foveal.

    python onnx_classify.py flowers.onnx photo.jpg ...

docs/guide/shipping.md explains each step. A test compares what this prints with `foveal predict`.
"""

import io
import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageCms, ImageOps

model, *paths = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
spec, S, names = card["input"], card["input"]["size"], card["classes"]["names"]
assert spec["fit"] == "crop", "docs/guide/shipping.md has the other fits"
resampling = Image.Resampling[spec["interpolation"].upper()]
n = int(S / spec["crop_fraction"])


def read(path, side):
    """The image upright and in sRGB, and its full size; a large JPEG at a half, a quarter or an eighth of that."""
    image = Image.open(path)
    full = image.size if image.getexif().get(0x0112, 1) < 5 else image.size[::-1]
    image.draft("RGB", (side, side))
    profile, upright = image.info.get("icc_profile"), ImageOps.exif_transpose(image)
    if profile and upright.mode == "RGB":
        srgb, black = ImageCms.createProfile("sRGB"), ImageCms.Flags.BLACKPOINTCOMPENSATION
        upright = ImageCms.profileToProfile(upright, io.BytesIO(profile), srgb, 1, outputMode="RGB", flags=black)
    return upright.convert("RGB"), full


for path in paths:
    image, _ = read(path, n)
    width, height = (n * side // min(image.size) for side in image.size)
    image = image.resize((width, image.height), resampling).resize((width, height), resampling)  # across, then down
    left, top = round((width - S) / 2), round((height - S) / 2)
    pixels = np.asarray(image.crop((left, top, left + S, top + S)))
    scores = session.run(["scores"], {"images": pixels[None]})[0][0]
    for k in np.argsort(-scores, kind="stable")[:3]:
        print(path, names[k], f"{scores[k]:.6f}", sep="\t")
