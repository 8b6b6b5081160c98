"""A calendar's events explain alerts of a real shop; importing it again changes nothing."""

from __future__ import annotations

import json

from tests.watch import shop
from watchkeeper.domain.times import HOUR, format_instant
from watchkeeper.watch.service import Watchkeeper

WINDOW = [format_instant(one).replace("-", "").replace(":", "") for one in (shop.DROP - HOUR, shop.DROP + 10 * HOUR)]
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
    f"DTSTART:{WINDOW[0]}\r\nDTEND:{WINDOW[1]}\r\nSUMMARY:Move of the warehouse\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_imported_event_explains_the_alert(service: Watchkeeper):
    lines = [json.dumps(line) for line in service.read_calendar(CALENDAR, ["orders"], "works.ics")]
    assert service.import_feedback(lines, "works.ics", "ann").added == 1
    assert service.import_feedback(lines, "works.ics", "ann").added == 0
    found = [line for line in service.inbox(show="explained").lines if line.explained_by]
    assert [line.explained_by.note for line in found if line.explained_by] == ["Move of the warehouse"]
