"""What is wrong with a name or a key that nobody knows, with the one that it may be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import msgspec


def not_called(what: str, name: str, names: Sequence[str]) -> str:
    """Of a name that is not among `names`: which one it may be, or which there are."""
    near = difflib.get_close_matches(name, names, n=1)
    mend = f"is it `{near[0]}`?" if near else f"there are {', '.join(names) or 'none'}"
    return f"no {what} is called `{name}`; {mend}"


def mended(error: Exception, record: type[msgspec.Struct]) -> str:
    """What is wrong with settings, and of a key that the record does not have which one it may be."""
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", str(error))
    return str(error) if unknown is None else not_called("setting", unknown[1], record.__struct_encode_fields__)
