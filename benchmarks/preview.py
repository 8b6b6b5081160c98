"""How fast the API says what an answer would change: `python -m benchmarks.preview`.

One hourly series of a year with a hundred alerts, a fifth of them answered. Each of the six answers is asked for on
alerts, or on windows, through `POST /api/v1/feedback/preview` of the whole application (routing, token, JSON), one by
one; every request judges the year anew. Prints the median and the slowest tenth in milliseconds of the clock on the
wall, and ends with 1 where a median misses the bar.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from benchmarks.page_speed import HOURS, START, build
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR, format_instant
from watchkeeper.server import create_app
from watchkeeper.watch.service import Watchkeeper

ALERTS, BAR_MS = 100, 100.0


def drafts(answer: Answer, asked: int) -> list[dict[str, Any]]:
    """What is asked: verdicts on alerts, the rest on a window of the series."""
    chance = random.Random(answer.value)
    if answer in (Answer.REAL, Answer.FALSE_ALARM):
        return [{"answer": answer.value, "alert": chance.randrange(1, ALERTS + 1)} for _ in range(asked)]
    begun = [START + chance.randrange(60 * 24, HOURS - 200) * HOUR for _ in range(asked)]
    return [
        {
            "answer": answer.value,
            "series": [1],
            "start": format_instant(one),
            **({} if answer is Answer.NEW_NORMAL else {"end": format_instant(one + DAY)}),
        }
        for one in begun
    ]


def main(asked: int = 30) -> int:
    """Build, measure, print; 1 where the bar is missed."""
    missed = 0
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        build(home, told=ALERTS, named=1, countries=1)
        with Watchkeeper.open(home, clock=lambda: START + HOURS * HOUR) as service:
            app = create_app(service, secret=b"s" * 32, cache_dir=home / "cache")
            service.access.add_user("ada", Role.EDITOR, by="bench")
            secret, _ = service.access.make_token("ada", "bench", [Scope.FEEDBACK], lifetime_s=DAY, by="bench")
            headers = {"Authorization": f"Bearer {secret}"}
            with TestClient(app, base_url="http://127.0.0.1") as client:

                def ask(draft: dict[str, Any]) -> float:
                    begun = time.perf_counter()
                    answer = client.post("/api/v1/feedback/preview", json=draft, headers=headers)
                    assert answer.status_code == 200, answer.text
                    return 1000 * (time.perf_counter() - begun)

                ask(drafts(Answer.EVENT, 1)[0])  # the first judgement of the process
                print(f"{'answer':<14}{'median ms':>10}{'decile ms':>10}")
                for one in Answer:
                    times = [ask(draft) for draft in drafts(one, asked)]
                    median, decile = statistics.median(times), statistics.quantiles(times, n=10)[-1]
                    missed += median > BAR_MS
                    print(f"{one.value:<14}{median:>10.0f}{decile:>10.0f}")
    print(f"bar: {BAR_MS:g} ms median for a year of hourly data; {'missed' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
