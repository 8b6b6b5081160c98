"""One answer on several alerts, from the list on the page and from the API alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from watchkeeper.domain.errors import GuardError
from watchkeeper.domain.feedback import Answer
from watchkeeper.server.facade import Service
from watchkeeper.watch.views import Draft, Receipt


class Said(NamedTuple):
    """What was said, and the alerts on which it was not."""

    receipts: list[Receipt]
    left: list[int]


def answer_several(service: Service, answer: Answer, alerts: Sequence[int], by: str, note: str = "") -> Said:
    """Say `answer` on each alert once; those on which it would cost a confirmed alert are left out.

    Raises NotFoundError where one is not known, and then nothing was said.
    """
    numbers = list(dict.fromkeys(alerts))
    for number in numbers:
        service.line_of(number)
    said = Said([], [])
    for number in numbers:
        try:
            said.receipts.append(service.answer(Draft(answer=answer, by=by, alert=number, note=note)))
        except GuardError:
            said.left.append(number)
    return said
