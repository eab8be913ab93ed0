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


def main(model, paths):
    """Print the three best classes of each image."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    spec, side, names = card["input"], card["input"]["size"], card["classes"]["names"]
    assert spec["fit"] == "crop", "docs/guide/shipping.md has the other fits"
    resampling = Image.Resampling[spec["interpolation"].upper()]
    n = int(side / spec["crop_fraction"])

    for path in paths:
        image, _ = read(path, n)
        width, height = (n * length // min(image.size) for length in image.size)
        image = image.resize((width, image.height), resampling).resize((width, height), resampling)  # across, then down
        left, top = round((width - side) / 2), round((height - side) / 2)
        pixels = np.asarray(image.crop((left, top, left + side, top + side)))
        scores = session.run(["scores"], {"images": pixels[None]})[0][0]
        for k in np.argsort(-scores, kind="stable")[:3]:
            print(path, names[k], f"{scores[k]:.6f}", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
