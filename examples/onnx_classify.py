"""Classify photos with an exported model: NumPy, Pillow and ONNX Runtime alone, without Foveal.

    python onnx_classify.py flowers.onnx photo.jpg ...

For photos of 8 bits, upright or turned by EXIF, and a model whose input is cropped, as it is by
default; docs/guide/shipping.md explains each step and has the other cases. A test compares what this prints with
`foveal predict`.
"""

import io
import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageCms, ImageOps


def main(model, paths):
    """Print the three best classes of each image."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    names, size = card["classes"]["names"], np.broadcast_to(card["input"]["size"], 2).tolist()  # width and height
    assert card["input"]["fit"] == "crop", "docs/guide/shipping.md has the other fits"
    resampling = Image.Resampling[card["input"]["interpolation"].upper()]
    srgb, black = ImageCms.createProfile("sRGB"), ImageCms.Flags.BLACKPOINTCOMPENSATION
    covered = [int(side / card["input"]["crop_fraction"]) for side in size]

    for path in paths:
        image = Image.open(path)
        turned = image.getexif().get(0x0112, 1) >= 5
        image.draft("RGB", covered[::-1] if turned else covered)  # decodes a large JPEG at a half, a quarter, an eighth
        profile, image = image.info.get("icc_profile"), ImageOps.exif_transpose(image)
        if profile and image.mode == "RGB":  # such as that of Adobe RGB or Display P3
            image = ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, 1, flags=black)
        image = image.convert("RGB")
        first = int(covered[1] * image.width >= covered[0] * image.height)  # the side that fits first: 1, the height
        width, height = (covered[first] * length // image.size[first] for length in image.size)
        image = image.resize((width, image.height), resampling).resize((width, height), resampling)  # across, then down
        left, top = round((width - size[0]) / 2), round((height - size[1]) / 2)
        pixels = np.asarray(image.crop((left, top, left + size[0], top + size[1])))
        scores = session.run(["scores"], {"images": pixels[None]})[0][0]
        for k in np.argsort(-scores, kind="stable")[:3]:
            print(path, names[k], f"{scores[k]:.6f}", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
