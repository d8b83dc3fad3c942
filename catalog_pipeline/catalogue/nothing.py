"""The word for what a YAML leaves open, apart from reading YAML: workers know it and read none."""

from __future__ import annotations


class Nothing(str):
    """What a file has where it says that there is no value: `~`, `null`, or nothing at all."""

    __slots__ = ()
