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
    """Print the three best classes of each image."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    spec, size, names = card["input"], card["input"]["size"], card["classes"]["names"]
    size = tuple(size) if isinstance(size, list) else (size, size)  # width and height
    assert spec["fit"] == "crop", "docs/guide/shipping.md has the other fits"
    resampling = Image.Resampling[spec["interpolation"].upper()]
    n = tuple(int(side / spec["crop_fraction"]) for side in size)

    for path in paths:
        image, _ = read(path, n)
        wide = n[1] * image.width >= n[0] * image.height  # than the input: then the heights meet
        width, height = (n[wide] * length // image.size[wide] for length in image.size)
        image = image.resize((width, image.height), resampling).resize((width, height), resampling)  # across, then down
        left, top = round((width - size[0]) / 2), round((height - size[1]) / 2)
        pixels = np.asarray(image.crop((left, top, left + size[0], top + size[1])))
        scores = session.run(["scores"], {"images": pixels[None]})[0][0]
        for k in np.argsort(-scores, kind="stable")[:3]:
            print(path, names[k], f"{scores[k]:.6f}", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
