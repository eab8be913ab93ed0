"""What of a data set is used, how it is fed and how it is augmented."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings, Side


class DataConfig(Settings):
    """Where the images are and how they reach the network."""

    path: str = ""
    """The data set: a folder, a table, a COCO JSON file or a YOLO YAML file."""
    format: Literal["auto", "image_folder", "table", "coco", "voc", "yolo", "mask_folder"] = "auto"
    """How the data set is laid out; auto looks."""
    classes: str = ""
    """Classes of masks: names with commas between them, in order of id, or a text, CSV or TOML file of them."""
    ignore: tuple[Annotated[int, Field(ge=0, lt=2**24)], ...] = ()
    """Pixel values of masks to ignore, such as 255."""
    bad: Literal["error", "clip", "drop"] = "clip"
    """Invalid objects; error: stop; clip: fix what can be fixed, drop the rest; drop: drop each."""
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Part of the training images held out for validation where the data set brings no split."""
    sampling: Literal["shuffle", "balanced"] = "shuffle"
    """shuffle: each image once per epoch; balanced: each class equally often."""
    cache: Literal["auto", "memory", "disk", "off"] = "auto"
    """Where decoded images are kept; auto: in memory, as many as fit in a quarter of what is free."""
    cache_dir: str = ""
    """Folder of the disk cache; empty: the user's cache folder. Never inside the data set."""
    workers: Annotated[int, Field(ge=0, le=256)] | None = None
    """Processes that decode and augment; 0 does it in the training process."""


class InputConfig(Settings):
    """How an image becomes the network's input."""

    size: Side | None = None
    """Side of the square input in training, in pixels."""
    eval_size: Side | None = None
    """Side of the square input in evaluation and at inference, in pixels."""
    fit: Literal["crop", "squash", "letterbox"] = "crop"
    """crop: cut the middle; squash: ignore the aspect ratio; letterbox: pad."""
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 0.875
    """Part of the shorter side that the middle crop keeps."""
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"
    """Resampling filter, always antialiased."""
    normalize: Literal["backbone", "dataset", "pca", "zca"] = "backbone"
    """Mean and std of the backbone's weights or of the data set, or whitening fitted on the training split."""
    whitening_patch: Annotated[int, Field(ge=1, le=32)] = 1
    """Side of the square patches that whitening decorrelates, in pixels; 1: colour alone."""


class AugmentConfig(Settings):
    """Random changes to training images; 0 switches one off."""

    crop_scale: Annotated[float, Field(gt=0, le=1)] = 0.35
    """Smallest part of the image's area that a random resized crop keeps; 1: whole image."""
    crop_ratio: Annotated[float, Field(ge=1, le=4)] = 1.3333
    """Largest change of aspect ratio in a random resized crop."""
    horizontal_flip: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Probability of mirroring left and right."""
    vertical_flip: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of mirroring top and bottom."""
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Largest rotation either way, in degrees."""
    zoom_out: Annotated[float, Field(ge=1, le=4)] = 1.0
    """Largest factor by which an image is set into a larger canvas."""
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative change of brightness."""
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative change of contrast."""
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative change of saturation."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Largest shift of hue, in turns of the colour circle."""
    policy: Literal["none", "trivial", "rand"] = "none"
    """TrivialAugment (one random operation per image) or RandAugment."""
    policy_magnitude: Annotated[int, Field(ge=1, le=30)] = 9
    """Strength of RandAugment's operations."""
    erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of blanking a random rectangle."""
    mixup: Annotated[float, Field(ge=0, le=8)] = 0.0
    """Alpha of the Beta distribution that blends pairs of images."""
    cutmix: Annotated[float, Field(ge=0, le=8)] = 0.0
    """Alpha of the Beta distribution that pastes patches between images."""
    scale_jitter: Annotated[float, Field(ge=1, le=4)] = 1.0
    """Largest factor by which an image with boxes or masks is enlarged or shrunk; 1: none."""
    mosaic: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of putting four images with boxes together into one."""
    box_mixup: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of laying another image with boxes half-transparently over this one."""
    rare_crops: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability that a crop of an image with masks is laid around a pixel of a rare class."""
    min_visible: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Part of a box that must stay inside the image for its object to count; one cut further is ignored."""
