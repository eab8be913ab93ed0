"""The bytes of an XML file, decoded as it declares."""

import codecs
import re

from foveal.data.formats.text_file import not_utf8

DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:+-]+)["'][^>]*\?>""")
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"}
"""Encodings that hold all characters of another, by the codec's name: files often have more than they declare."""
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode_xml(content: bytes) -> str | bytes:
    """An XML file for the parser: text without its declaration, or the bytes where the parser knows the encoding.

    Raises:
        ValueError: It is not in the encoding that it declares, or in one that nothing knows; the message has the place.
    """
    if content.startswith(MARKS) or b"\0" in content[:4]:
        return content
    match = DECLARED.match(content.removeprefix(codecs.BOM_UTF8))
    declared = match[1].decode("ascii") if match else ""
    try:
        codec = codecs.lookup(declared or "utf-8").name
    except LookupError:
        raise ValueError(f"declares the encoding {declared!r}, which is unknown") from None
    if codec.startswith(("utf-16", "utf-32")):  # else the declaration could not be read as bytes
        codec = "utf-8"
    try:
        text = content.decode("utf-8-sig" if codec == "utf-8" else WIDER.get(codec, codec))
    except UnicodeDecodeError as error:
        if codec == "utf-8":
            says = f"declares {declared}" if declared else "declares no encoding"
            raise ValueError(f"{says} and is {not_utf8(content, error)}") from None
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"declares the encoding {declared}, which line {line} is not in") from None
    except ValueError as error:
        raise ValueError(f"declares the encoding {declared!r}, which is none of text ({error})") from None
    except LookupError:
        raise ValueError(f"declares the encoding {declared!r}, which is none of text") from None
    return DECLARATION.sub(lambda declaration: re.sub(r"\S", " ", declaration[0]), text, count=1)
