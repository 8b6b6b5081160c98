"""What of the ledger is old: alerts that changed long ago, lines written long ago, and never what was answered."""

from __future__ import annotations

import msgspec

from tests.stores.shared import alert, member
from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.flag import Flag
from watchkeeper.domain.handling import Deed, Handling
from watchkeeper.stores.ledger import Ledger, aged, alerts, audit, deliveries, feedback, flags, handlings, transitions

OLD, NEW = 10_000, 20_000


def test_alerts_are_old_by_their_last_change_unless_somebody_needs_them(ledger: Ledger) -> None:
    with ledger.write() as tx:
        made = [alerts.insert(tx, alert(member(1), status=Status.RESOLVED)).id for _ in range(6)]
        still_open = alerts.insert(tx, alert(member(2))).id
        for one in (*made, still_open):
            opened = transitions.add(tx, one, Change.OPENED, at=3600, recorded_at=OLD)
            deliveries.record(tx, opened.id, "team", delivered_at=OLD)
        plain, answered, touched, waited, remembered, undone = made
        for _ in range(2):
            line = handlings.add(tx, Handling(id=0, alert=plain, by="Ada", at=OLD, deed=Deed.ACKNOWLEDGE))
            handlings.add(tx, Handling(id=0, alert=plain, by="Ada", at=OLD, undoes=line.id))
        said = Feedback(id=0, by="Ada", given_at=OLD, answer=Answer.REAL, alert=answered, series=(1,), start=0, end=60)
        feedback.add(tx, said)
        other = feedback.add(tx, msgspec.structs.replace(said, alert=undone))
        feedback.add(tx, Feedback(id=0, by="Ada", given_at=OLD, undoes=other.id))
        transitions.add(tx, touched, Change.COMMENTED, at=NEW, recorded_at=NEW)
        late = transitions.add(tx, waited, Change.RESOLVED, at=3600, recorded_at=OLD)
        deliveries.record(tx, late.id, "team", delivered_at=OLD, outcome="waiting")
        flags.put(tx, Flag(name="beta", variants={"on": True, "off": False}, default="on", fallback="off"))
        flags.remember(tx, "beta", f'{{"alerts": [{remembered}]}}')
    with ledger.write() as tx:
        assert aged.alerts(tx, OLD) == ([], 0)
        assert aged.alerts(tx, NEW) == ([plain], 4)
        aged.let_alerts_go(tx, [plain])
    with ledger.read() as tx:
        assert alerts.ids(tx) == {*made, still_open} - {plain}
        assert transitions.of_alert(tx, plain) == []
        assert deliveries.of_alert(tx, plain) == []
        assert handlings.of_alerts(tx, [plain]) == {}
        assert len(deliveries.of_alert(tx, answered)) == 1


def test_lines_of_both_logs_go_but_the_newest_of_each_flag(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for at in (OLD, NEW):
            audit.add(tx, "Ada", at, "apply")
        for name in ("beta", "ranking"):
            flags.put(tx, Flag(name=name, variants={"on": True, "off": False}, default="on", fallback="off"))
            for what in ("first", "second"):
                flags.log(tx, name, at=OLD, by="Ada", what=what)
        version = flags.version(tx)
        assert aged.count_lines(tx, NEW) == 3
        aged.let_lines_go(tx, NEW)
        assert [one.at for one in audit.newest(tx, 9)] == [NEW]
        assert [one.what for name in ("beta", "ranking") for one in flags.changes(tx, name)] == ["second", "second"]
        assert flags.version(tx) == version
        assert aged.count_lines(tx, NEW) == 0
