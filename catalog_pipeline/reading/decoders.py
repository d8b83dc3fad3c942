"""Bytes to text, by the charsets of the WHATWG's Encoding standard, strictly.

Most are codecs of Python under other names. What differs: EUC-JP and ISO-2022-JP have the rows of
NEC and IBM and Microsoft's signs, which Python knows in Shift_JIS only, and GBK has all characters
of GB 18030 and the euro at 0x80. KOI8-U has the letters of Belarus, Big5 the euro and the signs
of Taiwan's code page, GB 18030 what was assigned after Python's table was made, and no byte of
Shift_JIS is for private use. Which charset a page is in is decided in `charset`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

_MICROSOFT_SIGNS = str.maketrans(
    "\u301c\u2016\u2212\u00a2\u00a3\u00ac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2"
)
_LETTERS_OF_BELARUS = str.maketrans("\u255d\u256c", "\u045e\u040e")
_TAIWANESE_SIGNS = str.maketrans(
    "\u2022\uff64\u203e\u223c\u2641\u2609\xa5\xa2\xa3",
    "\u2027\ufe51\xaf\uff5e\u2295\u2299\uffe5\uffe0\uffe1",
)
_ASSIGNED_SINCE = str.maketrans(
    "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7"
    "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\u3000\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f"
    "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)
_PRIVATE_BYTES = re.compile("[\uf8f0-\uf8f3]")
_ESCAPE = re.compile(rb"\x1b(\([BJI]|\$[@B])")
_ROMAN_SIGNS = str.maketrans("\\~", "¥‾")


def decode(body: bytes, name: str) -> str:
    """The text of `body` in the charset of that name in the standard.

    Raises:
        UnicodeDecodeError: the bytes are not valid in it.
    """
    special = _SPECIAL.get(name)
    if special is not None:
        return special(body)
    if name == "utf-8":
        return body.decode("utf-8")
    return _codec(name).decode(body, "strict")[0]


def python_name(name: str) -> str:
    """Python's codec for the charset, by which characters can be written in it."""
    if name in ("utf-8", "gb18030", "gbk"):
        return "gb18030" if name == "gbk" else name
    return _codec(name).name


def _codec(name: str) -> codecs.CodecInfo:
    import webencodings  # only for pages that are not in UTF-8

    encoding = webencodings.lookup(name)
    if encoding is None:
        raise ValueError(f"{name} is no charset of the standard")
    return encoding.codec_info


def _euc_jp(body: bytes) -> str:
    return body.decode("euc_jp", _EUC_JP_ERRORS).translate(_MICROSOFT_SIGNS)


def _gb_18030(body: bytes) -> str:
    return body.decode("gb18030", _EURO_ERRORS).translate(_ASSIGNED_SINCE)


def _koi8_u(body: bytes) -> str:
    return body.decode("koi8_u").translate(_LETTERS_OF_BELARUS)


def _big5(body: bytes) -> str:
    return body.decode("big5hkscs", _BIG5_ERRORS).translate(_TAIWANESE_SIGNS)


def _shift_jis(body: bytes) -> str:
    text = body.decode("cp932")
    odd = _PRIVATE_BYTES.search(text)
    if odd:
        place = len(text[: odd.start()].encode("cp932"))
        raise UnicodeDecodeError("shift_jis", body, place, place + 1, "not in this charset")
    return text


def _iso_2022_jp(body: bytes) -> str:
    return "".join(_pieces_in_iso_2022_jp(body))


def _pieces_in_iso_2022_jp(body: bytes) -> Iterator[str]:
    mode, start = b"(B", 0
    for escape in (*_ESCAPE.finditer(body), None):
        end = escape.start() if escape else len(body)
        yield _piece(body, start, end, mode)
        if escape:
            mode, start = escape[1], escape.end()


def _piece(body: bytes, start: int, end: int, mode: bytes) -> str:
    """The text between two escape sequences, of which the first set `mode`."""
    piece = body[start:end]
    for place, octet in enumerate(piece, start):
        if octet > 0x7E or octet in (0x0E, 0x0F, 0x1B):
            raise UnicodeDecodeError("iso-2022-jp", body, place, place + 1, "not in this charset")
    if mode in (b"(B", b"(J"):
        text = piece.decode("ascii")
        return text.translate(_ROMAN_SIGNS) if mode == b"(J" else text
    try:
        raised = bytes(octet | 0x80 for octet in piece)
        return raised.decode("shift_jis") if mode == b"(I" else _euc_jp(raised)
    except UnicodeDecodeError as error:
        place = start + error.start
        raise UnicodeDecodeError("iso-2022-jp", body, place, place + 1, error.reason) from error


def _microsoft_row(error: UnicodeError) -> tuple[str, int]:
    """Two bytes of EUC-JP by the table of Shift_JIS, which has the rows of NEC and IBM."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    if len(pair) < 2 or min(pair) < 0xA1 or max(pair) > 0xFE:
        raise error
    row, cell = pair[0] - 0xA0, pair[1] - 0xA0
    lead = (row + 1) // 2 + (0x80 if row <= 62 else 0xC0)
    trail = cell + (0x9E if row % 2 == 0 else 0x3F if cell <= 63 else 0x40)
    try:
        return bytes((lead, trail)).decode("cp932"), error.start + 2
    except UnicodeDecodeError:
        raise error from None


def _big5_euro(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.object[error.start :][:2] == b"\xa3\xe1":
        return "€", error.start + 2
    raise error


def _euro(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == 0x80:
        return "€", error.start + 1
    raise error


_EUC_JP_ERRORS = "catalog_pipeline.rows_of_nec_and_ibm"
_BIG5_ERRORS = "catalog_pipeline.euro_of_big5"
_EURO_ERRORS = "catalog_pipeline.euro_at_0x80"
codecs.register_error(_EUC_JP_ERRORS, _microsoft_row)
codecs.register_error(_EURO_ERRORS, _euro)
codecs.register_error(_BIG5_ERRORS, _big5_euro)

_SPECIAL: dict[str, Callable[[bytes], str]] = {
    "euc-jp": _euc_jp,
    "iso-2022-jp": _iso_2022_jp,
    "gbk": _gb_18030,
    "gb18030": _gb_18030,
    "koi8-u": _koi8_u,
    "big5": _big5,
    "shift_jis": _shift_jis,
}
