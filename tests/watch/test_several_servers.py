"""Two real servers on one PostgreSQL share the work; one is killed, and the other takes over what it did."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.watch import shop
from watchkeeper.domain.alert import Change
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, WEEK
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.leases import SHARES, Leases, share_of
from watchkeeper.watch.service import Watchkeeper

GROUPS = ("orders", "returns", "visits", "carts")
SERVER = """
import sys
from pathlib import Path
from tests.watch import shop
from tests.watch.test_several_servers import open_server
from watchkeeper.domain.times import DAY, WEEK
home, url, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with open_server(home / name, url) as server:
    for day in range(58, shop.WEEKS * 7 + 1):
        server.run_until(shop.START + day * DAY, stale_s=WEEK + DAY)
        print(day, flush=True)
        sys.stdin.readline()
"""


def config(home: Path) -> str:
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    head, rest = text.split("  orders:\n")
    metric, tail = rest.split("channels:\n")
    return head + "".join(f"  {name}:\n    group: {name}\n{metric}" for name in GROUPS) + "channels:\n" + tail


def open_server(home: Path, url: str) -> Watchkeeper:
    return Watchkeeper.open(home, ledger_url=url, history_url=url, lease_s=1.0, clock=lambda: shop.END)


def started(home: Path, url: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), url, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def go_on(server: subprocess.Popen[str]) -> str:
    """Let it run one more day; returns which day it has done."""
    assert server.stdin is not None
    assert server.stdout is not None
    done = server.stdout.readline().strip()
    server.stdin.write("\n")
    server.stdin.flush()
    return done


def test_two_servers_share_the_work_and_one_takes_over_when_the_other_is_killed(
    home: Path, postgres_url: str, service: Watchkeeper
) -> None:
    with open_server(home / "first", postgres_url) as server:
        server.apply(parse_config(config(home)), "tester")
    one, other = started(home, postgres_url, "one"), started(home, postgres_url, "other")
    try:
        for _ in range(3):
            go_on(one)
            go_on(other)
        one.send_signal(signal.SIGKILL)
        one.wait()
        while go_on(other):
            pass
        assert other.wait() == 0
    finally:
        for process in (one, other):
            process.kill()
            process.communicate()
    with open_server(home / "last", postgres_url) as server:
        server.run_until(shop.END, stale_s=WEEK + DAY)
        found = [line.alert for line in server.inbox(show="all").lines]
        expected = Counter((line.alert.start, line.alert.end) for line in service.inbox(show="all").lines)
        assert Counter((alert.start, alert.end) for alert in found) == Counter(
            {window: count * len(GROUPS) for window, count in expected.items()}
        ), "each group has the alerts that one server alone finds"
        for alert in found:
            changes = [each.transition.change for each in server.alert_page(alert.id).history]
            assert changes.count(Change.OPENED) == 1
    told = len(re.findall(r"^## ", (home / "told.txt").read_text(), re.MULTILINE))
    assert len(found) <= told <= len(found) + 1, "all were told, and at most one twice, by the crash in between"


def test_a_share_changes_hands_only_when_its_holder_lets_go_or_dies(postgres_url: str) -> None:
    names = {share_of(f"family {n}"): f"family {n}" for n in range(2_000)}
    assert len(names) == SHARES
    with Ledger.open(postgres_url) as ledger:
        one, other = Leases(ledger, is_shared=True, lease_s=60), Leases(ledger, is_shared=True, lease_s=60)

        def held(server: Leases) -> set[str]:
            return {name for name in names.values() if server.is_mine(name)}

        one.refresh()
        assert held(one) == set(names.values())
        other.refresh()
        assert held(other) == set(), "the first still holds all"
        one.refresh()
        assert len(held(one)) == SHARES // 2
        other.refresh()
        assert held(other) == set(names.values()) - held(one)
        with ledger.read() as tx:
            assert {name for name in names.values() if one.still_mine(tx)(name)} == held(one)
        one.close()
        other.refresh()
        assert held(other) == set(names.values())
        other.close()
