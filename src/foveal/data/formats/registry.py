"""The formats that can be read: a new one costs its folder, one line here and its name in ``data.config.Format``."""

from foveal.data.formats.bdd100k.format import FORMAT as BDD100K
from foveal.data.formats.box_table.format import FORMAT as BOX_TABLE
from foveal.data.formats.coco.format import FORMAT as COCO
from foveal.data.formats.createml.format import FORMAT as CREATEML
from foveal.data.formats.cvat.format import FORMAT as CVAT
from foveal.data.formats.datumaro.format import FORMAT as DATUMARO
from foveal.data.formats.fiftyone.format import FORMAT as FIFTYONE
from foveal.data.formats.hugging_face.format import FORMAT as HUGGING_FACE
from foveal.data.formats.image_folder.format import FORMAT as IMAGE_FOLDER
from foveal.data.formats.kitti.format import FORMAT as KITTI
from foveal.data.formats.label_studio.format import FORMAT as LABEL_STUDIO
from foveal.data.formats.labelme.format import FORMAT as LABELME
from foveal.data.formats.mask_folder.format import FORMAT as MASK_FOLDER
from foveal.data.formats.oidv4.format import FORMAT as OIDV4
from foveal.data.formats.recognition.evidence import Format
from foveal.data.formats.supervisely.format import FORMAT as SUPERVISELY
from foveal.data.formats.table.format import FORMAT as TABLE
from foveal.data.formats.via.format import FORMAT as VIA
from foveal.data.formats.voc.format import FORMAT as VOC
from foveal.data.formats.yolo.format import FORMAT as YOLO

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        COCO,
        VOC,
        YOLO,
        CVAT,
        LABELME,
        VIA,
        LABEL_STUDIO,
        SUPERVISELY,
        DATUMARO,
        FIFTYONE,
        CREATEML,
        BDD100K,
        KITTI,
        OIDV4,
        HUGGING_FACE,
        BOX_TABLE,
        TABLE,
        MASK_FOLDER,
        IMAGE_FOLDER,
    )
}
"""By name; of several that are equally sure, the first is read and the others are told."""
