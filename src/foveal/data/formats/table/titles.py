"""Titles of columns: the words for paths, labels and splits."""

import re
import unicodedata
from collections.abc import Sequence

PATH_TITLES = (
    *("path", "image", "file", "filename", "file_name", "filepath", "file_path", "image_path", "img_path", "imagepath"),
    *("image_name", "imagename", "img_name", "image_file", "image_filename", "image_file_name", "img_file", "img"),
    *("fname", "image_index", "photo", "picture", "images", "files", "filenames", "paths", "image_url", "frame"),
    *("filepaths", "file_paths", "image_paths", "img_paths", "file_names", "image_names", "full_path", "relative_path"),
    *("dateiname", "datei", "bild", "bildname", "fichier", "archivo", "imagen", "imagem", "nome_do_arquivo"),
)
"""Columns of paths, the likeliest first."""
ID_TITLES = (
    *("image_id", "imageid", "img_id", "id_code", "isic_id", "photo_id", "id", "name", "patient_id", "patientid"),
    *("uuid", "uid", "key", "itemid", "item_id", "case_id", "study_id"),
)
"""Columns that may name images without their suffixes, where such images exist."""
LABEL_TITLES = (
    *("label", "labels", "class", "classes", "category", "categories", "target", "targets", "class_name", "classname"),
    *("label_name", "labelname", "category_name", "species", "breed", "diagnosis", "dx", "finding_labels", "tags"),
    *("tag", "class_label", "ground_truth", "groundtruth", "attribute_ids", "class_id", "classid", "label_id"),
    *("klasse", "kategorie", "classe", "clase", "etiqueta", "categoria"),
    *("category_id", "y", "species_name", "scientific_name", "label_group", "individual_id"),
)
"""Columns of labels, the likeliest first."""
SEVERAL_TITLES = frozenset({"labels", "tags", "classes", "categories", "targets", "finding_labels", "attribute_ids"})
"""Columns whose title says that an image may have several labels."""
SPLIT_TITLES = (
    *("split", "splits", "data_split", "split_name", "set", "subset", "partition", "dataset", "data_set", "phase"),
    *("usage", "mode", "stage", "fold", "folds", "kfold", "split_set", "image_set", "set_name", "set_type", "part"),
    *(
        "train_test",
        "train_val",
        "train_val_test",
        "train_test_split",
        "traintest",
        "tvt",
        "evaluation_status",
        "sample",
    ),
)
"""Columns of splits, the likeliest first."""


def plain(title: str) -> str:
    """A title in lower case, with an underscore for blanks, dashes, dots and slashes."""
    return re.sub(r"[\s\-./_]+", "_", unicodedata.normalize("NFKC", title).casefold()).strip("_")


def place(titles: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The columns that are called by one of these words, the likeliest word first."""
    found = [plain(title) for title in titles]
    return [at for word in wanted for at, title in enumerate(found) if title == word]
