"""Which texts every store can keep, and what becomes of the others where they cannot be refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.texts import is_kept, kept


@pytest.mark.parametrize(("text", "as_kept"), [("x\0y", "x\ufffdy"), ("é\ud800", "é?"), ("\0\udfff", "\ufffd?")])
def test_what_cannot_be_kept_is_replaced(text: str, as_kept: str) -> None:
    assert not is_kept(text)
    assert kept(text) == as_kept


@given(st.text(st.characters(exclude_categories=[])))
def test_what_was_made_fit_is_kept_and_the_rest_stays(text: str) -> None:
    assert is_kept(kept(text))
    assert not is_kept(text) or kept(text) == text
