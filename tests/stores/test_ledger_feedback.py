"""The log of what people said, and the receipts of what they were told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stores.shared import ORDERS, SHOP, alert, member
from watchkeeper.domain.errors import NotFoundError, StoreError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.stores.ledger import Ledger, alerts, feedback, metrics, receipts, series


def said(answer: Answer | None = Answer.EVENT, **more: object) -> Feedback:
    return msgspec.structs.replace(Feedback(id=0, by="ann", given_at=100, answer=answer), **more)


def test_a_line_comes_back_as_it_was_said(ledger: Ledger) -> None:
    with ledger.write() as tx:
        told = alerts.insert(tx, alert(member(1)))
        line = feedback.add(tx, said(series=(4, 2), start=10, end=20, alert=told.id, note="a launch – ü"))
        undo = feedback.add(tx, said(None, undoes=line.id, by="bob"))
    with ledger.read() as tx:
        assert feedback.get(tx, line.id) == line
        assert line.series == (4, 2)
        assert feedback.log(tx) == [line, undo]


def test_what_is_not_in_the_log(ledger: Ledger) -> None:
    with ledger.write() as tx:
        with pytest.raises(NotFoundError, match="no feedback 9"):
            feedback.get(tx, 9)
        with pytest.raises(NotFoundError, match="no feedback 9"):
            feedback.add(tx, said(None, undoes=9))


def test_the_log_of_series_has_their_undos(ledger: Ledger) -> None:
    with ledger.write() as tx:
        one = feedback.add(tx, said(series=(1, 2)))
        other = feedback.add(tx, said(series=(3,)))
        undo = feedback.add(tx, said(None, undoes=one.id))
        again = feedback.add(tx, said(None, undoes=undo.id))
        assert feedback.log(tx, series=[2]) == [one, undo, again]
        assert feedback.log(tx, series=[1, 3]) == [one, other, undo, again]
        assert feedback.log(tx, series=[4]) == []
        assert feedback.log(tx, series=[]) == []


def test_there_is_no_way_to_change_or_delete_a_line() -> None:
    offered = {name for name in vars(feedback) if not name.startswith("_") and name.islower()}
    assert {"add", "get", "log"} <= offered
    assert not {name for name in offered if any(verb in name for verb in ("update", "delete", "remove", "edit"))}


line = st.tuples(st.sampled_from(Answer), st.lists(st.integers(1, 4), max_size=3))
undo = st.integers(0, 7)


def test_the_log_of_series_agrees_with_a_walk_through_all_lines(tmp_path: Path) -> None:
    @settings(max_examples=40, deadline=None)
    @given(spoken=st.lists(st.one_of(line, undo), max_size=8), asked=st.sets(st.integers(1, 4)))
    def agrees(spoken: list[tuple[Answer, list[int]] | int], asked: set[int]) -> None:
        with ledger.write() as tx:
            before = len(feedback.log(tx))
            mine: list[Feedback] = []
            for one in spoken:
                if isinstance(one, tuple):
                    mine.append(feedback.add(tx, said(one[0], series=tuple(one[1]))))
                elif one < len(mine):
                    mine.append(feedback.add(tx, said(None, undoes=mine[one].id)))
            concerned: set[int] = set()
            for one_line in mine:
                if asked & set(one_line.series) or one_line.undoes in concerned:
                    concerned.add(one_line.id)
            assert feedback.log(tx)[before:] == mine
            newest = [one for one in feedback.log(tx, series=asked) if one.id in {own.id for own in mine}]
            assert newest == [one for one in mine if one.id in concerned]

    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        with ledger.write() as tx:
            metrics.put_source(tx, SHOP)
            metrics.put_metric(tx, ORDERS)
            series.intern(tx, "orders", [(str(n), "") for n in range(4)])
        agrees()


def test_a_receipt_stays_as_it_was_told(ledger: Ledger) -> None:
    with ledger.write() as tx:
        line = feedback.add(tx, said(series=(1,)))
        assert receipts.get(tx, line.id) is None
        receipts.put(tx, line.id, '{"sentence": "2 of 9"}')
        receipts.put(tx, line.id, '{"sentence": "2 of 9"}')
        with pytest.raises(StoreError, match="told already"):
            receipts.put(tx, line.id, '{"sentence": "3 of 9"}')
        assert receipts.get(tx, line.id) == '{"sentence": "2 of 9"}'
