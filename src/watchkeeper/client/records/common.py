"""What the records of several nouns share: short texts, ids, and the problem that every error is."""

from __future__ import annotations

from typing import Annotated

import msgspec

Note = Annotated[str, msgspec.Meta(max_length=2000)]
Id = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
MAX_SERIES = 100_000
Text = Annotated[str, msgspec.Meta(max_length=200)]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of the API (RFC 9457): `code` is stable, `detail` says what and where, `mend` what to do."""

    status: int
    code: str
    title: str
    detail: str
    mend: str
