"""``foveal data``: inspect, check, preview and convert data sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from cyclopts import App, Parameter
from cyclopts.validators import Number

from foveal.cli.data_options import Bands, Classes, Data, FormatName, Ignore, Images, Labels, Where
from foveal.data.config import AugmentConfig, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foveal.data.catalog.catalog import Annotation, Catalog
    from foveal.data.inspection.check import Problem
    from foveal.types.arrays import RGB
    from foveal.types.reading import Reading

app = App(name="data", help="Inspect, check, preview and convert data sets.")

Task = Annotated[str | None, Parameter(help="Task whose annotations to read, if the data set fits several.")]
Json = Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")]


@app.command
def inspect(
    path: Data,
    *,
    format: FormatName = "auto",  # noqa: A002
    images: Images = "",
    labels: Labels = "",
    classes: Classes = "",
    ignore: Ignore = (),
    bands: Bands = "",
    task: Task = None,
    json: Json = False,
) -> None:
    """Show what a data set contains: format, task, splits, classes, objects or masks, image sizes, unusual files."""
    from foveal.data.catalog.looks import looks_kept_in
    from foveal.data.inspection.inspect import inspect as look
    from foveal.data.outside import cache_folder
    from foveal.tasks.table import task_for

    where = Where(format=format, images=images, labels=labels)
    with looks_kept_in(cache_folder()):
        seen = look(_read(path, where, classes, ignore, task), reading=_reading(bands))
    if json:
        from foveal.cli.screens import print_json

        print_json({"task": task or task_for(seen.annotation), **seen.to_dict()})
    else:
        from foveal.cli.data_screens import inspection_screen

        inspection_screen(seen, task or task_for(seen.annotation))


@app.command
def check(
    path: Data,
    *,
    format: FormatName = "auto",  # noqa: A002
    images: Images = "",
    labels: Labels = "",
    classes: Classes = "",
    ignore: Ignore = (),
    bands: Bands = "",
    task: Task = None,
    json: Json = False,
) -> None:
    """Check every image, annotation and mask, what the task needs, and duplicate files; exit code 1 for problems."""
    from foveal.cli.screens import print_notes
    from foveal.cli.terminal import Bar
    from foveal.data.inspection.check import Problem
    from foveal.data.inspection.check import check as run_check
    from foveal.data.notes import plural
    from foveal.errors import CheckFailedError, DataError

    where = Where(format=format, images=images, labels=labels)
    try:
        catalog = _read(path, where, classes, ignore, task)
    except DataError as error:
        if not _is_data_set(path, where, classes, ignore, task):
            raise
        _tell([Problem("", "unread", error.what)], path=path, images=None, json=json)
        raise CheckFailedError(f"{path} cannot be read, so no image was checked.", error.hint) from None
    print_notes(catalog.notes)
    with Bar(shown=not json) as bar:
        problems = run_check(
            catalog, reading=_reading(bands), progress=lambda done: bar("checking", done, len(catalog))
        )
    problems += _unfit(catalog, task)
    _tell(problems, path=path, images=len(catalog), json=json)
    if problems:
        raise CheckFailedError(
            f"{path}: {plural(len(problems), 'problem')} in {plural(len(catalog), 'image')}.",
            "Fix or remove what is listed, then check again.",
        )


@app.command
def convert(
    source: Data,
    out: Annotated[Path, Parameter(help="New or empty folder for the converted data set.")],
    *,
    to: Annotated[Target | None, Parameter(help="Format to convert to.")] = None,
    format: FormatName = "auto",  # noqa: A002
    images: Images = "",
    labels: Labels = "",
    link: Annotated[bool, Parameter(negative="", help="Hard-link images instead of copying them.")] = False,
    bad: Annotated[
        Literal["error", "clip", "drop"],
        Parameter(
            help="Invalid objects; error: stop; clip: fix what can be fixed, drop the rest; drop: drop them all."
        ),
    ] = "clip",
    classes: Classes = "",
    ignore: Ignore = (),
    crops: Annotated[
        bool, Parameter(negative="", help="Cut the objects out as an image folder, to train a classifier on.")
    ] = False,
    crop_margin: Annotated[
        float, Parameter(help="Fraction of the box added on each side of a crop.", validator=Number(gte=0))
    ] = 0.0,
    crop_min_size: Annotated[
        int, Parameter(help="Shorter side in pixels below which an object is left out.", validator=Number(gte=1))
    ] = 8,
    crop_format: Annotated[Literal["jpeg", "png"], Parameter(help="File format of crops.")] = "jpeg",
    crop_quality: Annotated[int, Parameter(help="Quality of JPEG crops.", validator=Number(gte=1, lte=100))] = 95,
    json: Json = False,
) -> None:
    """Convert a data set to another format, or cut its objects out; what the format cannot store is told.

    Fields of objects that it cannot store are kept in foveal-sidecar.json.
    """
    from foveal.data.catalog.looks import looks_kept_in
    from foveal.data.formats.convert import check_out
    from foveal.data.formats.convert import convert as write
    from foveal.data.formats.crops import CropOptions, cut_objects
    from foveal.data.formats.hugging_face.unpack import unpacked
    from foveal.data.formats.read import read
    from foveal.data.outside import cache_folder
    from foveal.errors import ConfigError

    options = CropOptions(margin=crop_margin, min_size=crop_min_size, format=crop_format, quality=crop_quality)
    if options != CropOptions() and not crops:
        raise ConfigError("Margin, minimum size, format and quality are of crops.", "Add --crops.")
    if crops and to not in (None, "image_folder"):
        raise ConfigError(f"--crops writes an image folder, not {to}.", "Leave out --to.")
    if crops and link:
        raise ConfigError("--link: crops are new images, which cannot be links.", "Leave out --link.")
    if crop_format == "png" and options.quality != CropOptions().quality:
        raise ConfigError("--crop-quality is for JPEG files.", "Leave it out, or --crop-format png.")
    if to is None and not crops:
        raise ConfigError("No format is given.", f"Name one, --to {', '.join(get_args(Target))}; or --crops.")
    # Whatever is there is read, so that a refusal says what the format lacks.
    wanted: Sequence[Annotation] | None = ("boxes", "masks", "labels") if crops else None
    if to == "mask_folder":
        wanted = ("masks", "boxes", "labels")
    if source.exists():
        check_out(out, source)
    with looks_kept_in(cache_folder()), unpacked(source, out) as (files, taken):
        catalog = read(
            files,
            bad=bad,
            format=format,
            images=images,
            labels=labels,
            classes=classes,
            ignore=ignore,
            annotations=wanted,
        )
        if crops:
            done = cut_objects(catalog, out, options)
        else:
            assert to is not None, "checked above"
            done = write(catalog, out, to=to, link=link, move=files != source)
    if json:
        from foveal.cli.screens import print_json

        print_json({**done.to_dict(), "repairs": [repair.to_dict() for repair in catalog.repairs]})
    else:
        from foveal.cli.data_screens import conversion_screen

        conversion_screen(done, (*taken, *catalog.notes, *done.notes))


@app.command
def preview(
    path: Data,
    *,
    out: Annotated[Path, Parameter(help="Image file to write, .png or .jpg.")] = Path("preview.png"),
    count: Annotated[int, Parameter(help="Number of images to show.", validator=Number(gte=1, lte=50))] = 6,
    seed: Annotated[int, Parameter(help="Random seed.", validator=Number(gte=0))] = 0,
    size: Annotated[
        str | None,
        Parameter(metavar="SIZE", help="Side of each sample in pixels, or WIDTHxHEIGHT; default: training's."),
    ] = None,
    whiten: Annotated[
        Literal["pca", "zca"] | None, Parameter(help="Show images before and after whitening instead of augmentation.")
    ] = None,
    patch: Annotated[
        int,
        Parameter(help="Side of the patches that whitening decorrelates, in pixels.", validator=Number(gte=1, lte=32)),
    ] = 1,
    format: FormatName = "auto",  # noqa: A002
    images: Images = "",
    labels: Labels = "",
    classes: Classes = "",
    ignore: Ignore = (),
    bands: Bands = "",
    task: Task = None,
    augment: Annotated[AugmentConfig | None, Parameter(group="Augmentation")] = None,
) -> None:
    """Draw a sheet of augmented training images, or of images before and after whitening."""
    from rich.console import Console
    from rich.text import Text

    from foveal.config.concerns import check_concerned
    from foveal.config.schema import parse_config
    from foveal.data.inspection.preview import image_whitening
    from foveal.data.inspection.preview import preview as draw
    from foveal.data.loading.statistics import fit_whitening, sample_images
    from foveal.errors import ConfigError
    from foveal.runs.train import check_installed
    from foveal.tasks.table import bind_task, get_spec, task_for
    from foveal.types.input_spec import InputSpec
    from foveal.types.size import Size, read_size

    if whiten is None and patch != 1:
        raise ConfigError("--patch is for whitening.", "Name the kind too: --whiten pca or --whiten zca.")
    if whiten is not None and augment is not None:
        raise ConfigError("Whitening and augmentation are drawn on sheets of their own.", "Leave out one of them.")
    check_installed("draw a preview")
    from foveal.runs.resolve import situation_of, with_defaults

    catalog = _read(path, Where(format=format, images=images, labels=labels), classes, ignore, task)
    _check_out(out, path)
    if catalog.has("train"):
        catalog = catalog.split("train")
    reading = _learnt(catalog, _reading(bands))
    name = task or task_for(catalog.annotation)
    given = {} if augment is None else {"augment": augment.model_dump(exclude_unset=True)}
    check_concerned(given, name)
    config = with_defaults(parse_config(given, where="the command line"), name)
    if size is None:
        choice = get_spec(name).choose(situation_of(config, catalog))
        chosen, at_inference = choice.size, choice.eval_size
    else:
        chosen = read_size(size)
        at_inference = chosen.times(get_spec(name).inference_scale)
    if whiten is None:
        own = config.own(name)
        output = get_spec(name).begin(own, catalog)
        output.accept(catalog)
        learner = bind_task(name, own, output)
        spec = InputSpec(size=at_inference, train_size=chosen, interpolation=config.input.interpolation)
        changes = learner.augment(config.augment, spec)
        sheet = draw(catalog, changes, learner.draw_target, size=chosen, count=count, seed=seed, reading=reading)
    else:
        whole = Size(*(max(1, side // patch) * patch for side in chosen.sides))
        spec = InputSpec(
            size=whole,
            train_size=whole,
            white_level=reading.white,
            black_level=reading.black,
            bands=reading.bands,
        )
        whitening = fit_whitening(sample_images(catalog, spec), kind=whiten, patch=patch)
        sheet = image_whitening(catalog, whitening, spec=spec, count=count, seed=seed)
    _write(sheet, out)
    Console().print(Text(f"Wrote {out} ({sheet.shape[1]} x {sheet.shape[0]} pixels)."))


def _read(path: Path, where: Where, classes: str, ignore: tuple[int, ...], task: str | None) -> "Catalog":
    from foveal.data.formats.read import read
    from foveal.tasks.table import get_spec

    wanted = None if task is None else get_spec(task).annotations
    return read(path, **where, classes=classes, ignore=ignore, annotations=wanted)


def _reading(bands: str) -> "Reading":
    from foveal.config.schema import parse_config
    from foveal.types.reading import Reading

    return Reading(bands=parse_config({"data": {"bands": bands}}, where="the command line").data.band_numbers)


def _learnt(catalog: "Catalog", reading: "Reading") -> "Reading":
    """With the levels that training would learn."""
    from dataclasses import replace

    from foveal.data.loading.levels import learn_levels

    levels = learn_levels(catalog, reading)
    return reading if levels is None else replace(reading, black=levels.black, white=levels.white)


def _unfit(catalog: "Catalog", task: str | None) -> "list[Problem]":
    """What the task, or the one that the annotations are for, lacks in a data set."""
    from foveal.data.inspection.check import Problem
    from foveal.errors import DataError
    from foveal.tasks.table import get_spec, task_for

    spec = get_spec(task or task_for(catalog.annotation))
    try:
        spec.begin(spec.settings(), catalog).accept(catalog)
    except DataError as error:
        return [Problem("", "task", error.what)]
    return []


def _is_data_set(path: Path, where: Where, classes: str, ignore: tuple[int, ...], task: str | None) -> bool:
    """Whether this is a data set of a known format that the options fit; errors in reading it are then its own."""
    from foveal.data.formats.mask_folder.class_table import read_classes
    from foveal.data.formats.mask_folder.reader import NAME as MASK_FOLDER
    from foveal.data.formats.read import named, recognise
    from foveal.data.formats.recognition.request import Request
    from foveal.errors import DataError
    from foveal.tasks.table import get_spec

    if not path.exists():
        return False
    try:
        request = Request(
            annotations=() if task is None else get_spec(task).annotations,
            images=named(path, where["images"], "images"),
        )
        choice = recognise(path, format=where["format"], request=request, labels=where["labels"])
        if classes:
            read_classes(classes, choice.evidence.where)
    except DataError:
        return False
    return choice.format.name == MASK_FOLDER or not (classes or ignore)


def _tell(problems: "Sequence[Problem]", *, path: Path, images: int | None, json: bool) -> None:
    if json:
        from foveal.cli.screens import print_json

        print_json({"path": str(path), "images": images, "problems": [problem.to_dict() for problem in problems]})
    else:
        from foveal.cli.data_screens import problems_screen

        problems_screen(problems, images=images)


def _check_out(out: Path, data: Path) -> None:
    from foveal.errors import ConfigError

    if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise ConfigError(f"--out {out}: a preview is an image.", "Give a name that ends in .png or .jpg.")
    if out.resolve().is_relative_to(data.resolve()):
        raise ConfigError(f"--out {out} is inside the data set, which must not be changed.", "Choose another folder.")


def _write(sheet: "RGB", out: Path) -> None:
    import io

    from PIL import Image

    from foveal.artifact.atomic import make_folder, write_atomic

    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG" if out.suffix.lower() == ".png" else "JPEG", quality=92)
    make_folder(out.parent)
    write_atomic(out, buffer.getvalue())
