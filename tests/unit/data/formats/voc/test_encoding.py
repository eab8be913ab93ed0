import pytest
from tests.annotated import SIZE, XML, voc_object, write_files

from foveal.data.formats.read import read
from foveal.errors import DataError


def page(name, encoding=""):
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n' if encoding else '<?xml version="1.0"?>\n'
    return head + XML.format(name="a", size=SIZE, objects=voc_object(name, (1, 1, 9, 9)))


@pytest.mark.parametrize(
    ("name", "declared", "codec"),
    [
        ("螺栓", "gb2312", "gb2312"),
        ("镕", "GB2312", "gbk"),
        ("螺栓", "GBK", "gbk"),
        ("螺栓", "gb18030", "gb18030"),
        ("螺栓", "big5", "big5"),
        ("ネジ", "Shift_JIS", "shift_jis"),
        ("나사", "euc-kr", "euc_kr"),
        ("болт", "windows-1251", "cp1251"),
        ("螺栓", "utf-16", "utf-16"),
        ("螺栓", "utf-16", "utf-8"),
        ("螺栓", "utf-8", "utf-8-sig"),
    ],
)
def test_declared_encodings_are_read(tmp_path, name, declared, codec):
    root = write_files(tmp_path, {"Annotations/a.xml": page(name, declared).encode(codec), "JPEGImages/a.jpg": None})
    assert read(root, bad="error").categories.names == (name,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            page("螺栓").encode("gbk"),
            "declares no encoding and is not UTF-8 text (line 10, column 9: byte 0xc2; it could be GBK)",
        ),
        (
            page("螺栓", "utf-8").encode("gbk"),
            "declares utf-8 and is not UTF-8 text (line 10, column 9: byte 0xc2; it could be GBK)",
        ),
        (page("a", "foo-8").encode(), "declares the encoding 'foo-8', which is unknown"),
        (page("a", "rot13").encode(), "declares the encoding 'rot13', which is none of text"),
        (page("螺", "ascii").encode(), "declares the encoding ascii, which line 10 is not in"),
        (b"<annotation>" + b"<a>" * 60 + b"</a>" * 60 + b"</annotation>", "XML nested deeper than 50 levels"),
    ],
)
def test_other_encodings_are_named(tmp_path, content, reason):
    root = write_files(tmp_path, {"Annotations/a.xml": content, "JPEGImages/a.jpg": None})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == (
        f"{root}: no image has a usable annotation. The first: JPEGImages/a.jpg has an invalid annotation ({reason})."
    )


def test_a_blank_before_the_declaration(tmp_path):
    write_files(tmp_path, {"Annotations/a.xml": "\n " + page("cat"), "JPEGImages/a.jpg": None})
    assert read(tmp_path, bad="error").categories.names == ("cat",)
