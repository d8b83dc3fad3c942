"""The charsets that browsers know, by the labels that pages and YAMLs give them.

The WHATWG's Encoding standard has the labels; decoding belongs in `catalog_pipeline.reading`.
"""

from __future__ import annotations


def encoding_name(label: str) -> str | None:
    """The standard's name, in small letters, of the charset that `label` stands for, if any.

    Labels that the standard refuses for safety (`hz-gb-2312`, `iso-2022-kr`) stand for none.
    """
    if label.strip().lower() in ("utf-8", "utf8"):
        return "utf-8"
    import webencodings  # only for pages that are not in UTF-8

    encoding = webencodings.lookup(label)
    return None if encoding is None or encoding.name == "replacement" else encoding.name.lower()


def is_refused(label: str) -> bool:
    """Whether browsers know the charset and read no page in it, since it can hide scripts."""
    import webencodings

    encoding = webencodings.lookup(label)
    return encoding is not None and encoding.name == "replacement"


def checked_encoding(label: str) -> str:
    """Return `label`, which browsers know.

    Raises:
        ValueError: they do not.
    """
    if encoding_name(label) is None:
        raise ValueError(f"{label!r} is no charset that browsers know, such as windows-1251")
    return label
