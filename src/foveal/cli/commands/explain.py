"""``foveal explain``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from foveal.cli.view_options import Threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foveal.runs.explain.files import Explained


def explain(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file or .onnx file.")],
    images: Annotated[
        list[str] | None,
        Parameter(
            help="Image files, folders, or patterns such as 'photos/*.jpg'; - reads one image from standard input.",
            negative="",
        ),
    ] = None,
    *,
    method: Annotated[
        Literal["auto", "cam", "layercam", "cells", "attention", "ig", "smooth", "occlusion", "rise"],
        Parameter(help="How; auto: cells in an export that has them, cam in a run, else rise"),
    ] = "auto",
    classes: Annotated[
        tuple[str, ...],
        Parameter(
            name="--class", negative="", consume_multiple=True, help="Classes to explain; default: those predicted."
        ),
    ] = (),
    object: Annotated[  # noqa: A002
        str | None, Parameter(help="One object, counted from 1 by falling score, or all; default: the best ten.")
    ] = None,
    against: Annotated[
        str | None, Parameter(help="Explain the difference to this class: why the one and not the other.")
    ] = None,
    budget: Annotated[
        str | None, Parameter(help="Time per image for occlusion and rise, such as 10s; default: until they converge.")
    ] = None,
    seed: Annotated[int, Parameter(help="Seed of methods with random numbers.")] = 0,
    threshold: Threshold = None,
    save: Annotated[Path | None, Parameter(help="Draw the evidence on the images and save them to a folder.")] = None,
    raw: Annotated[
        Path | None, Parameter(help="Write each map as a float32 .npy file, in the image's pixels, to a folder.")
    ] = None,
    filters: Annotated[
        bool, Parameter(negative="", help="Draw the first layer's kernels, and the patches that each responds to most.")
    ] = False,
    activations: Annotated[
        str | None, Parameter(help="An image: draw the most active feature maps of each stage.")
    ] = None,
    heads: Annotated[
        str | None,
        Parameter(help="An image: draw where each head of attention looked, their mean, and beside them the evidence."),
    ] = None,
    like: Annotated[
        Path | None, Parameter(help="A data set: find its training images that are nearest to the named images.")
    ] = None,
    top: Annotated[int | None, Parameter(help="Nearest images listed per image, with --like; default: 5.")] = None,
    map: Annotated[  # noqa: A002
        Path | None, Parameter(help="A data set: draw a map of its images as the model finds them alike.")
    ] = None,
    evaluate: Annotated[
        Path | None,
        Parameter(help="Measure the method on a labelled data set instead; exit code 1 if its sanity check fails."),
    ] = None,
    split: Annotated[
        str | None, Parameter(help="With --evaluate: train, val or test; default: test, else val, else train.")
    ] = None,
    count: Annotated[int | None, Parameter(help="With --evaluate: images to measure on; default: 200.")] = None,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    skip_bad: Annotated[bool, Parameter(negative="", help="Skip images that cannot be read, and list them.")] = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], Parameter(help="Device for PyTorch models.")] = "auto",
) -> int:
    """Show where the evidence for predictions lies."""
    from foveal.cli.screens import Skipped, print_json, print_notes
    from foveal.cli.terminal import Bar
    from foveal.config.duration import parse_duration
    from foveal.errors import ConfigError
    from foveal.explain.case import Effort
    from foveal.inference.files import find_images
    from foveal.inference.load import load
    from foveal.runs.explain.files import explain_files
    from foveal.types.predictions.subject import Asked
    from foveal.types.selection import Selection

    if filters or activations or heads or like or map:
        from foveal.cli.explain_learnt import Learnt, show_learnt

        named = None if method == "auto" else method
        other: dict[str, Any] = {"--evaluate": evaluate, "--split": split, "--count": count}
        other |= {"--class": classes, "--object": object, "--against": against, "--budget": budget, "--raw": raw}
        other |= {"--threshold": threshold, "--method": named}
        learnt = Learnt(model, images or [], filters, activations, heads, like, top, map)
        learnt.check(name for name, value in other.items() if value not in (None, ()))
        show_learnt(learnt, save=save, seed=seed, json=json, skip_bad=skip_bad, device=device)
        return 0
    if top is not None:
        raise ConfigError("--top is for --like.", "Leave it out, or name a data set: --like DATA")
    asked = Asked(classes, number_of(object), against)
    effort = Effort(seed, None if budget is None else parse_duration(budget, option="--budget"))
    if evaluate is not None:
        from foveal.cli.explain_quality import evaluate_explanations

        useless = {"An image": bool(images), "--class": bool(classes), "--object": bool(object)}
        useless |= {"--against": bool(against), "--save": bool(save), "--raw": bool(raw), "--skip-bad": skip_bad}
        return evaluate_explanations(
            model,
            evaluate,
            given=[name for name, value in useless.items() if value],
            split=split,
            count=count,
            method=method,
            effort=effort,
            threshold=threshold,
            json=json,
            device=device,
        )
    if split is not None or count is not None:
        raise ConfigError(f"{'--count' if split is None else '--split'} is for --evaluate.", "Add --evaluate DATA.")
    if not images:
        raise ConfigError("No image is named.", "Name images: foveal explain MODEL photo.jpg")
    found = find_images(images, skip_closed=skip_bad)
    with Bar(shown=not json) as bar:
        bar("loading the model", 0, None)
        opened = load(model, device=device)
        with opened, Skipped(len(found.paths)) as skipped:
            predictor = opened.select(Selection(threshold=threshold))
            print_notes(found.left.notes())
            done = explain_files(
                predictor,
                found,
                method=method,
                asked=asked,
                effort=effort,
                save=save,
                raw=raw,
                skip=skipped.add if skip_bad else None,
                progress=bar,
            )
            print_notes(predictor.notes)
    if json:
        chosen = done[0].explanation.method if done else method
        print_json({"model": str(model), "method": chosen, "images": [one.to_dict() for one in done]})
    else:
        print_explained(done, save, raw, limited=object is None, against=against)
    return 0


def number_of(text: str | None) -> int | Literal["all"] | None:
    """The value of ``--object``.

    Raises:
        ConfigError: Neither a number nor all.
    """
    from foveal.errors import ConfigError

    if text is None or text == "all":
        return "all" if text else None
    if not text.isdecimal():
        raise ConfigError(f"--object {text}: not a number.", "Write --object 2, or --object all.")
    return int(text)


def print_explained(
    done: "Sequence[Explained]", save: Path | None, raw: Path | None, *, limited: bool, against: str | None
) -> None:
    """A row for each subject, then the folders that were written.

    Args:
        done: What was explained.
        save: Where drawings are.
        raw: Where arrays are.
        limited: Whether only the best few were asked for.
        against: The class that was compared with.
    """
    from rich.console import Console
    from rich.text import Text

    from foveal.cli.terminal import print_table
    from foveal.data.notes import plural
    from foveal.types.predictions.subject import MOST_SUBJECTS

    console = Console(soft_wrap=True)
    rows, unsure, none = list[tuple[str, ...]](), 0, 0
    nothing = f"nothing predicted but {against}"
    for one in done:
        if not len(one.explanation):
            rows.append((str(one.path), "nothing predicted" if against is None else nothing, "", "", "", "", ""))
        for row, evidence in enumerate(one.explanation):
            peak, half = evidence.peak, evidence.box_of_half
            unsure += not evidence.converged
            none += not evidence.found
            rows.append(
                (
                    "" if row and console.is_terminal else str(one.path),
                    " ".join(filter(None, (evidence.subject.title, evidence.part))),
                    f"{evidence.subject.score:.1%}",
                    f"{evidence.total:.3g}" if evidence.found else "none",
                    f"{evidence.positive:.0%}" if evidence.found else "",
                    "" if peak is None else "{}, {}".format(*peak),
                    "" if half is None else "{}, {} to {}, {}".format(*half),
                )
            )
    titles = ("image", "explained", "score", "evidence", "for it", "peak", "half lies within")
    print_table(console, titles, rows, left=(0, 1))
    if done:
        console.print(Text(f"  method    {done[0].explanation.method}", "dim"))
    if limited and any(len(one.explanation) == MOST_SUBJECTS for one in done):
        console.print(Text(f"  Of each image the best {MOST_SUBJECTS}; --object all explains every object.", "dim"))
    if none:
        console.print(Text(f"  {plural(none, 'map')} without evidence: no place speaks for the class.", "yellow"))
    if unsure:
        console.print(Text(f"  {plural(unsure, 'map')} not converged: more passes would change the details.", "yellow"))
    for what, place in {"drawings": save, "arrays": raw}.items():
        if place is not None:
            console.print(Text(f"  {what:<8}  {place}"))
