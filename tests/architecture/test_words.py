"""One vocabulary, the field's: words that are out, and what to write instead. The glossary is in CONTRIBUTING.md."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THINGS = (
    "images?|steps?|class|classes|seconds?|epochs?|batch|pixels?|splits?|channels?|box|objects?|levels?|process|sample"
)
OUT = {
    # A user's folder may be called "pictures".
    r"(?<![\"'])pictures?(?![\"'])": "image",
    r"judg(e|es|ed|ing|ings|ement|ements)": "evaluate, evaluation, results",
    # Metric.verdict() and its type Verdict stay.
    r"(?<![.`])\b(?-i:verdicts?)\b(?![(`])": "evaluation, results",
    r"\bsaid\b|[\"']then[\"']": "predicted, runner-up",
    r"\banswer(s|ed|ing)?\b(?!\()": "prediction, predict",
    r"\bsay(s|ing)? what (is|stands) in\b": "predict on images, run inference",
    r"\b(kept|keep|keeps|keeping|held|hold|holds) back\b": "held out, hold out",
    r"\ba class for (every|each) pixel\b": "semantic segmentation",
    r"\bcounts? nowhere\b": "is ignored",
    r"\b(mask|pixel) codes?\b|\bcodes? (in|of) (a |the |its |their )?masks?\b": "pixel value",
    r"\b(one|an?|each|every|several|more|many|two|other|further|all|such|per) looks?\b": "view",
    r"\blook(s|ed|ing)? at (it |them )?mirrored\b|\bin several sizes\b": "test-time augmentation (TTA)",
    r"(?<!memory\s)(?<!bytes\s)(?<!entry\s)\bin use\b": "at inference",
    r"\breused (layers|weights|tensors|parameters|parts)\b": "pretrained",
    r"\bnew layers\b": "head layers",
    r"\bpeak (learning )?rates?\b": "head learning rate",
    r"\bthaw(s|ed|ing)?\b": "unfreeze",
    r"\bweigh(s|ed|ing)? up\b": "upweight",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bfaulty\b": "invalid",
    # Pillow's argument is called outline.
    r"\boutlin(e|es|ed|ing)\b(?!=)": "polygon, segmentation; of a shape that is drawn: contour",
    r"\b(told|written|kept|stored|masks) (as|are) runs\b": "RLE",
    r"(?<!maximum\s)\bsuppression\b": "NMS",
    r"\b(the|its|all|of|for|these|those|more|fewer|no|false|true|right|wrong|best|each|every) finds?\b": "detection",
    r"\btextbook(?! one\b)": "plain U-Net",
    r"\bthe whole way\b": "end to end",
    r"\bevaluated objects?\b": "ignored objects, objects that count",
    r"\ban images\b|\bper image per image\b|\ba evaluated\b": "an image, per image, an evaluated",
    r"\bby heart\b": "overfitted",
    rf"\b(one|once|twice|rows?|lines?|labels?|times?|bytes|boxes|images?|entries|values?) an? ({THINGS})\b": "per",
}
SEARCHED = ("src/**/*.py", "src/**/*.toml", "src/**/*.j2", "src/**/*.js", "docs/**/*.md", "README*.md", "docs/**/*.py")
EXEMPT = ("docs/LOG.md",)
"""The log keeps the words of its day."""


def misused(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, words found and words to use; identifiers are read as words, and a phrase may be broken over lines."""
    text = re.sub(r"(?<=\]\()[^)\s]+", lambda link: " " * len(link[0]), text)  # a file keeps its name
    text = text.replace("_", " ")
    for pattern, instead in OUT.items():
        for found in re.finditer(pattern.replace(" ", r"[\s#]+"), text, re.IGNORECASE):
            yield text.count("\n", 0, found.start()) + 1, " ".join(found[0].split()), instead


def room(where: str) -> str:
    """For the counts: the folder in src/foveal, or the topmost one."""
    parts = where.split("/")
    return "/".join(parts[2 : min(4, len(parts) - 1)]) or parts[-1] if parts[0] == "src" else parts[0]


def report(found: list[tuple[str, int, str, str]]) -> str:
    """Counts per room, then a line for each place."""
    counts = Counter(room(where) for where, *_ in found)
    lines = [f"{where}:{line}: {words!r}; write: {instead}" for where, line, words, instead in found]
    return "\n".join([*(f"{n:5d} {name}" for name, n in counts.most_common()), *lines])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a picture of the judge", 2),
        ("kept_back = 1", 1),
        ("a class\n    # for every pixel", 1),
        ("[decision](0011-boxes-judged-in-numpy.md)", 0),
        ("metric.verdict() -> Verdict, by `verdict`", 0),
        ("the verdict of a run", 1),
        ("non-maximum suppression, and suppression", 1),
        ("draw.line(outline=red)", 0),
        ("then it looks for what is in use", 1),
        ("one row an image, an image a step", 2),
        ("recommended", 0),
        ("learnt by heart; evaluated objects", 2),
        ("`answer(look(inputs))`", 0),
    ],
)
def test_what_is_found(text: str, count: int) -> None:
    assert len(list(misused(text))) == count


def test_words_that_are_out() -> None:
    files = sorted({file for pattern in SEARCHED for file in ROOT.glob(pattern)})
    found = [
        (where, *misuse)
        for where, file in ((file.relative_to(ROOT).as_posix(), file) for file in files)
        if where not in EXEMPT
        for misuse in sorted(misused(file.read_text(encoding="utf-8")))
    ]
    assert not found, report(found)


def test_words_that_are_out_of_names_of_tests() -> None:
    found = []
    for file in sorted((ROOT / "tests").rglob("*.py")):
        where = file.relative_to(ROOT).as_posix()
        names = [file.stem, *re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))]
        found += [(where, 0, f"{name}: {words}", instead) for name in names for _, words, instead in misused(name)]
    assert not found, report(found)
