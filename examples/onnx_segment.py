"""Segment photos with an exported model: NumPy, Pillow and ONNX Runtime alone, without Foveal.

    python onnx_segment.py street.onnx photo.jpg ...

writes photo-mask.png, whose pixel values are class ids. For photos of 8 bits in sRGB or gray, upright or turned by
EXIF (onnx_classify.py converts other colour profiles), and a model with letterbox, as it is by default;
docs/guide/shipping.md explains each step and has the other cases. A test compares it with `foveal predict --masks`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def main(model, paths):
    """Write the class of each pixel beside each image, and print how much of it each class covers."""
    session = onnxruntime.InferenceSession(model)
    card = json.loads(session.get_modelmeta().custom_metadata_map["foveal"])
    names, size = card["classes"]["names"], np.broadcast_to(card["input"]["size"], 2).tolist()  # width and height
    assert card["input"]["fit"] == "letterbox", "docs/guide/shipping.md has the other fits"
    resampling, bilinear = Image.Resampling[card["input"]["interpolation"].upper()], Image.Resampling.BILINEAR

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

        soft = session.run(["probabilities"], {"images": np.asarray(canvas)[None]})[0][0]
        across, down = soft.shape[2] / size[0], soft.shape[1] / size[1]  # cells per pixel of the input
        to_cells = (across * w / full[0], 0, across * left, 0, down * h / full[1], down * top)
        if card["decode"].get("factors"):  # fitted so that classes of few pixels are found as well
            factors, offsets = (np.float32(card["decode"][key])[:, None, None] for key in ("factors", "offsets"))
            soft = soft * factors - offsets
        planes = [Image.fromarray(one).transform(full, Image.Transform.AFFINE, to_cells, bilinear) for one in soft]
        ids = np.argmax([np.asarray(plane) for plane in planes], axis=0).astype(np.uint8)
        Image.fromarray(ids).save(Path(path).with_name(f"{Path(path).stem}-mask.png"))
        for k in np.unique(ids):
            print(path, names[k], f"{(ids == k).mean():.6f}", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
