"""Values of another form that can only mean one thing: taken, counted and told."""

from collections import Counter

from foveal.data.notes import plural

FORMS = {
    "image_id": "image_id is of another type than the image's id",
    "category_id": "category_id is of another type than the class's id",
    "bbox_text": "bbox holds text, read as numbers",
    "bbox_nested": "bbox is a list in a list, of which the inner one is read",
    "bbox_keys": "bbox is an object, read as x, y, width and height",
    "bbox_corners": "bbox is an object with two corners, read as such",
    "bbox_around": "bbox is missing, the box is that around the segmentation",
    "area_text": "area is text, read as a number",
    "flat": "segmentation is one flat list, read as one polygon",
    "points": "segmentation is a list of points, read as polygons",
    "segmentation_text": "segmentation holds text, read as numbers",
    "empty_ring": "segmentation holds an empty polygon, left out",
    "category_key": "id of the class is not a whole number, read as one",
    "category_name": "name of the class is a number, read as text",
    "name_key": "name of the image's file is not in file_name but in {}",
    "name_number": "file_name is a number, read as text",
    "size_text": "width or height of the image is text, read as a number",
}
"""Each form, in words."""


class Told:
    """Counts them, each with its first place."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}

    def add(self, form: str, where: str, detail: str = "") -> None:
        """Add one; ``where`` is its file and entry."""
        assert form in FORMS, form
        self._counts[form, detail] += 1
        self._first.setdefault((form, detail), where)

    def notes(self) -> list[str]:
        """A line for each form."""
        return [
            f"{plural(count, 'entry').replace('entrys', 'entries')}: {FORMS[form].format(detail)} (the first:"
            f" {self._first[form, detail]})."
            for (form, detail), count in self._counts.items()
        ]
