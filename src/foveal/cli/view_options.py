"""The options of predicting that several commands share: what runs, views of an image, which predictions are given."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Tile = Annotated[
    int | None,
    Parameter(help="Cut large images into tiles of this longer side, in pixels (detection and segmentation)."),
]
Overlap = Annotated[float, Parameter(help="Overlap of neighbouring tiles, as a fraction of their side.")]
Flip = Annotated[
    bool, Parameter(negative="", help="Test-time augmentation: predict on the mirrored image too; takes twice as long.")
]
Scales = Annotated[
    tuple[float, ...],
    Parameter(
        negative="",
        consume_multiple=True,
        help="Test-time augmentation: predict at several scales, such as 0.75 1 1.25.",
    ),
]
Threshold = Annotated[
    float | None, Parameter(help="Score from which an object or class counts, 0 to 1; default: fitted in training.")
]
MaxObjects = Annotated[
    int | None, Parameter(help="Most objects per image or tile; default: learnt from the training images.")
]
Only = Annotated[
    tuple[str, ...],
    Parameter(negative="", consume_multiple=True, help="Only objects of these classes (detection, instances)."),
]
Crops = Annotated[
    Path | None, Parameter(help="Cut objects out of the images and save them to a folder per class in this folder.")
]
BatchSize = Annotated[int, Parameter(help="Images per batch; less takes less memory.")]
Engine = Annotated[
    Literal["auto", "torch", "onnxruntime", "openvino"],
    Parameter(
        help="What runs the network; of a run folder, onnxruntime and openvino run its model.onnx. auto: PyTorch for a"
        " run; for an exported file OpenVINO on CPUs where it is installed, else ONNX Runtime."
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "tensorrt"],
    Parameter(help="Where it runs; tensorrt: on the GPU, for exported files. auto: a GPU if there is one."),
]
Threads = Annotated[int, Parameter(help="Threads within the network on a CPU; 0: all cores.")]
Out = Annotated[
    Path | None,
    Parameter(
        help="Write one table, .parquet or .jsonl, of any number of images; a killed command goes on when run again."
    ),
]
Fresh = Annotated[bool, Parameter(negative="", help="With --out: begin anew, and replace the table that is there.")]
Ray = Annotated[
    str | None,
    Parameter(help="With --out: spread over a Ray cluster, at an address such as 10.0.0.1:6379, else on this machine."),
]
Workers = Annotated[
    int | None, Parameter(help="With --ray: how many workers; default: one per GPU or, without any, per machine.")
]
