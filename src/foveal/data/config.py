"""Settings of the data set, the input and the augmentation."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from foveal.types.settings import Settings
from foveal.types.size import Size

Format = Literal[
    "auto",
    "image_folder",
    "table",
    "box_table",
    "hugging_face",
    "coco",
    "voc",
    "yolo",
    "mask_folder",
    "labelme",
    "via",
    "cvat",
    "label_studio",
    "createml",
    "kitti",
    "bdd100k",
    "supervisely",
    "datumaro",
    "fiftyone",
    "oidv4",
]
"""Every format that can be read; auto: the one that is recognised."""
Target = Literal["coco", "voc", "yolo", "labelme", "cvat", "mask_folder", "image_folder", "table"]
"""Every format that can be written."""
BANDS = re.compile(r"(?:[1-9]\d{0,3},){2}[1-9]\d{0,3}|[1-9]\d{0,3}|")
"""Three numbers or one, from 1 on; or none."""


def _bands(value: object) -> object:
    """Numbers with commas between them; a list, as TOML and Python have it, becomes that."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value).replace(" ", "")
    if not BANDS.fullmatch(text):
        raise ValueError("bands are three numbers, or one, counted from 1, such as 4,3,2")
    return text


class DataConfig(Settings):
    """The data set: location, format, splits and loading."""

    path: str = ""
    """Path of the data set: a folder, a CSV or TSV table, a COCO JSON file or a YOLO YAML file."""
    format: Format = "auto"
    """Format of the data set; auto detects it."""
    images: str = ""
    """Folder of the images, where the layout does not show it."""
    labels: str = ""
    """File or folder with the annotations or masks, where the layout does not show it."""
    classes: str = ""
    """Classes of the masks: comma-separated names in order of id, or a text, CSV or TOML file that lists them."""
    ignore: tuple[Annotated[int, Field(ge=0, lt=2**24)], ...] = ()
    """Pixel values in masks to ignore in training and evaluation, such as 255."""
    bad: Literal["error", "clip", "drop"] = "clip"
    """Invalid objects; error: stop; clip: fix what can be fixed and drop the rest; drop: drop them all."""
    bands: Annotated[str, BeforeValidator(_bands)] = ""
    """Bands of TIFF files that are read as red, green and blue, such as 4,3,2; or one as gray; counted from 1."""
    bad_images: Literal["error", "skip"] = "error"
    """Images that cannot be read; error: stop before training; skip: decode every image first and leave these out."""
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Fraction of the training images held out for validation if the data set has no validation split."""
    split_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of the split alone; default: the run's seed. Runs that share it hold out the same images."""
    folds: Annotated[int, Field(ge=0, le=100)] = 0
    """Parts of a cross-validation, one of which is held out in place of val_fraction; 0: none. Of a text or a series
    they are the last so many blocks of val_fraction, each for a run on what comes before it."""
    fold: Annotated[int, Field(ge=1, le=100)] = 1
    """The part that is held out, from 1 on."""
    train_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the training images to train on, class by class; of one seed, smaller ones lie in larger ones."""
    groups: str = ""
    """Images that hang together: a column, folder, or a regular expression on the path; no split cuts a group."""
    sampling: Literal["shuffle", "balanced"] = "shuffle"
    """shuffle: each image once per epoch; balanced: each class equally often."""
    cache: Literal["auto", "memory", "disk", "off"] = "auto"
    """Where decoded images are cached; auto: in memory, up to a quarter of what is free."""
    cache_dir: str = ""
    """Folder of the disk cache, never inside the data set; empty: the user's cache folder."""
    workers: Annotated[int, Field(ge=0, le=256)] | None = None
    """Worker processes that decode and augment images; 0: do it in the training process."""

    @model_validator(mode="after")
    def _fold_of_folds(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds are 2 or more, or 0 for none")
        if self.fold > max(1, self.folds):
            raise ValueError(f"fold is {self.fold}, of {self.folds} folds")
        return self

    @property
    def band_numbers(self) -> tuple[int, ...]:
        """The bands that are read; empty: as the file says."""
        return tuple(map(int, self.bands.split(","))) if self.bands else ()


class InputConfig(Settings):
    """Preprocessing: how an image becomes the network's input."""

    size: Size | None = None
    """Size of the training input, in pixels: the side of a square, or "480x352" for width x height."""
    eval_size: Size | None = None
    """Size of the input in evaluation and inference, in pixels, written as `size` is."""
    fit: Literal["crop", "squash", "letterbox"] = "crop"
    """Fitting images to the size after training; crop: centre crop; squash: ignore the aspect ratio; letterbox: pad."""
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 0.875
    """Fraction of the side that fits first which the centre crop keeps."""
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"
    """Resampling filter; always antialiased."""
    normalize: Literal["backbone", "dataset", "mean", "none", "pca", "zca"] = "backbone"
    """Mean and std of the backbone's weights or of the data set, its mean alone, nothing (pixels from 0 to 1), or
    whitening fitted on the training split."""
    whitening_patch: Annotated[int, Field(ge=1, le=32)] = 1
    """Side of the square patches that whitening decorrelates, in pixels; 1: colour only."""
    white_level: float | None = None
    """Value that becomes white in images of more than 8 bits, such as 4095 or 1.0; default: from the data."""
    black_level: float | None = None
    """Value that becomes black in images of more than 8 bits; default: 0, or from the data if values are negative."""

    @model_validator(mode="after")
    def _white_above_black(self) -> Self:
        if self.white_level is not None and self.white_level <= (self.black_level or 0):
            raise ValueError("the white level must be above the black level")
        return self


class AugmentConfig(Settings):
    """Augmentation of the training images."""

    crop_scale: Annotated[float, Field(gt=0, le=1)] = 0.35
    """Smallest fraction of the image's area that a random resized crop keeps; 1: the full image."""
    crop_ratio: Annotated[float, Field(ge=1, le=4)] = 1.3333
    """Largest change of the aspect ratio in a random resized crop; 1: none."""
    horizontal_flip: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Probability of a horizontal flip."""
    vertical_flip: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of a vertical flip."""
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Largest rotation in either direction, in degrees."""
    zoom_out: Annotated[float, Field(ge=1, le=4)] = 1.0
    """Largest factor by which the canvas around an image is enlarged; 1: none."""
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative change of brightness."""
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative change of contrast."""
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative change of saturation."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Largest shift of hue, as a fraction of the colour circle; slower than all other augmentation together."""
    gamma: Annotated[float, Field(ge=0, le=3)] = 0.0
    """Largest change of gamma: the exponent lies between 1 / (1 + this) and 1 + this; darker and brighter light."""
    white_balance: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Largest relative change of red and of blue against green: the colour of the light."""
    policy: Literal["none", "trivial", "rand"] = "none"
    """Augmentation policy; trivial: TrivialAugment, one random operation per image; rand: RandAugment."""
    policy_magnitude: Annotated[int, Field(ge=1, le=30)] = 9
    """Magnitude of RandAugment's operations."""
    erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of erasing a random rectangle."""
    mixup: Annotated[float, Field(ge=0, le=8)] = 0.0
    """Alpha of mixup's Beta distribution; 0: no mixup."""
    cutmix: Annotated[float, Field(ge=0, le=8)] = 0.0
    """Alpha of cutmix's Beta distribution; 0: no cutmix."""
    scale_jitter: Annotated[float, Field(ge=1, le=4)] = 1.0
    """Largest factor by which an image with boxes or masks is scaled up or down; 1: none."""
    mosaic: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of combining four images with boxes into a mosaic."""
    box_mixup: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of blending in another image together with its boxes. Where copy_paste is on too, an image is blended
    or pasted, not both, so each comes less often."""
    copy_paste: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability of pasting half of the classes or objects of another image, where they are there, onto an image."""
    mix_until: Annotated[float, Field(ge=0, le=1)] = 0.85
    """Fraction of the training after which images are no longer combined (mixup, cutmix, mosaic, box_mixup,
    copy_paste), so that training ends on images as they are."""
    rare_crops: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability that a crop includes a pixel of a class drawn uniformly from those in the image (masks)."""
    min_visible: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Fraction of a box that must remain visible after augmentation; objects cut further are ignored."""
