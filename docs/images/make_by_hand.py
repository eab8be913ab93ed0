"""The images of docs/guide/by-hand.md: python docs/images/make_by_hand.py."""

import io
import sys
from pathlib import Path

from PIL import Image

from foveal.lessons.show import lesson

TOPICS = {"convolution": 5, "pooling": None, "edges": None, "whitening": None}
"""Each lesson, and which of its steps."""


def main() -> None:
    """Draw each and keep it small."""
    for topic, step in TOPICS.items():
        buffer = io.BytesIO()
        lesson(topic, step=step).draw().savefig(buffer, format="png", dpi=90)
        file = Path(__file__).with_name(f"by-hand-{topic}.webp")
        with Image.open(buffer) as image:
            image.convert("RGB").save(file, "WEBP", quality=80, method=6)
        sys.stdout.write(f"{file.name}: {file.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
