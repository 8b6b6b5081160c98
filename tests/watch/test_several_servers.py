"""Two real servers on one PostgreSQL share the work; one is killed, and the other takes over what it did."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import update

from tests.receiver import receiving
from tests.watch import shop
from watchkeeper.domain.alert import Change
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, WEEK
from watchkeeper.stores.ledger import Ledger, deliveries, transitions, watermarks
from watchkeeper.stores.ledger.leases import LEASE
from watchkeeper.watch.leases import SHARES, Leases, share_of
from watchkeeper.watch.service import Watchkeeper

GROUPS = ("orders", "returns", "visits", "carts")
FIRST_DAY, LAST_DAY = 64, 68
"""The second drop of the shop is on day 65."""
PATIENCE_S = 60
SERVER = """
import sys
from pathlib import Path
from tests.watch import shop
from tests.watch.test_several_servers import open_server
from watchkeeper.domain.times import DAY, WEEK
home, url, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with open_server(home / name, url) as server:
    for line in sys.stdin:
        print("begin", flush=True)
        done = server.run_until(shop.START + int(line) * DAY, stale_s=2 * WEEK)
        print(line.strip(), *done.troubles, flush=True)
"""


def config(home: Path) -> str:
    """The shop's metric four times, each a family of its own."""
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    head, rest = text.split("  orders:\n")
    metric, tail = rest.split("channels:\n")
    return head + "".join(f"  {name}:\n    group: {name}\n{metric}" for name in GROUPS) + "channels:\n" + tail


def open_server(home: Path, url: str) -> Watchkeeper:
    return Watchkeeper.open(home, ledger_url=url, history_url=url, lease_s=2.0, clock=lambda: shop.END)


class Server:
    """A server in a process of its own that runs when it is told to."""

    def __init__(self, home: Path, url: str, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(home), url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # a line that waits in a buffer is none to select
        )

    def tell(self, day: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{day}\n".encode())
        self.process.stdin.flush()

    def said(self) -> str:
        """Its next line; an error where none comes in time."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        assert ready, "the server says nothing any more"
        return self.process.stdout.readline().decode().strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=PATIENCE_S)


def test_two_servers_share_the_work_and_one_takes_over_when_the_other_is_killed(
    home: Path, postgres_url: str, service: Watchkeeper
) -> None:
    with open_server(home / "first", postgres_url) as server:
        server.apply(parse_config(config(home)), "tester")
    one, other = Server(home, postgres_url, "one"), Server(home, postgres_url, "other")
    try:
        for day in (FIRST_DAY, FIRST_DAY + 1):
            for each in (one, other):
                each.tell(day)
            for each in (one, other):
                assert (each.said(), each.said()) == ("begin", str(day))
        for each in (one, other):
            each.tell(FIRST_DAY + 2)
            assert each.said() == "begin"
        one.kill()  # while it works
        assert other.said() == str(FIRST_DAY + 2)
        deadline = time.monotonic() + PATIENCE_S
        until = shop.START + LAST_DAY * DAY
        with Ledger.open(postgres_url) as ledger:
            while True:
                other.tell(LAST_DAY)
                assert (other.said(), other.said()) == ("begin", str(LAST_DAY))
                with ledger.read() as tx:
                    judged = watermarks.all_of(tx)
                    told = list(transitions.undelivered(tx, "team", 100))
                if judged == dict.fromkeys(GROUPS, until) and not told:
                    break
                assert time.monotonic() < deadline, f"nobody took over: {judged}, {told}"
                time.sleep(0.1)
    finally:
        for each in (one, other):
            each.kill()
    with open_server(home / "last", postgres_url) as server, Ledger.open(postgres_url) as ledger:
        found = [line.alert for line in server.inbox(show="all").lines]
        expected = Counter((line.alert.start, line.alert.end) for line in service.inbox(show="all").lines)
        assert len(expected) >= 2, "the shop dropped twice"
        assert Counter((alert.start, alert.end) for alert in found) == Counter(
            {window: count * len(GROUPS) for window, count in expected.items()}
        ), "each group has the alerts that one server alone finds"
        for alert in found:
            changes = [each.transition.change for each in server.alert_page(alert.id).history]
            assert changes.count(Change.OPENED) == 1
        with ledger.read() as tx:
            sent = [each for alert in found for each in deliveries.of_alert(tx, alert.id) if each.outcome == "sent"]
    messages = len(re.findall(r"^## ", (home / "told.txt").read_text(), re.MULTILINE))
    assert len(sent) <= messages <= len(sent) + 1, "one at most was told twice"


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


def run_out(ledger: Ledger) -> None:
    """As if every server had given no sign of life for too long."""
    with ledger.write() as tx:
        tx.execute(update(LEASE), {"expires_at_ms": 0})


def test_a_server_that_lost_its_channel_while_it_told_leaves_the_rest_to_its_successor(
    home: Path, postgres_url: str
) -> None:
    def server(name: str) -> Watchkeeper:
        return Watchkeeper.open(
            home / name, ledger_url=postgres_url, history_url=postgres_url, lease_s=600.0, clock=lambda: shop.END
        )

    with receiving() as receiver, server("one") as one, Ledger.open(postgres_url) as ledger:
        text = config(home).partition("channels:")[0]
        one.apply(parse_config(f'{text}channels: {{team: {{url: "json://{receiver.address}/"}}}}'), "tester")
        successor = Leases(ledger, is_shared=True, lease_s=600.0)

        def take_over() -> None:
            run_out(ledger)
            successor.refresh()

        receiver.on_post = take_over
        assert one.run_until(shop.END, stale_s=52 * WEEK).sent == 1, "what it was sending when it lost the channel"
        receiver.on_post = lambda: None
        successor.close()
        one.run_until(shop.END, stale_s=52 * WEEK)
        with server("other") as other:
            for each in (one, other, one):
                each.run_until(shop.END, stale_s=52 * WEEK)
        with ledger.read() as tx:
            assert transitions.undelivered(tx, "team", 10) == []
            alerts = {line.alert.id for line in one.inbox(show="all").lines}
            told = [each for one in alerts for each in deliveries.of_alert(tx, one) if each.outcome == "sent"]
        assert len(receiver.received) == len(told) > 2, "each was told once"


def test_what_ran_out_is_not_this_servers_by_renewing_it(postgres_url: str) -> None:
    with Ledger.open(postgres_url) as ledger:
        one, other = (Leases(ledger, is_shared=True, lease_s=600) for _ in range(2))
        one.refresh()
        assert one.is_mine("team")
        assert one.holds("team")
        run_out(ledger)
        assert not one.holds("team")
        other.refresh()
        one.renew()
        assert not one.is_mine("team")
        assert other.holds("team")
        one.close()
        other.close()


def test_the_week_is_sent_by_the_server_that_holds_the_channel(home: Path, postgres_url: str) -> None:
    def server(name: str) -> Watchkeeper:
        return Watchkeeper.open(
            home / name, ledger_url=postgres_url, history_url=postgres_url, lease_s=600.0, clock=lambda: shop.END
        )

    with receiving() as receiver, server("one") as one, server("other") as other:

        def weeks() -> int:
            return sum(body["title"].startswith("The week") for body in receiver.taken)

        text = config(home).partition("channels:")[0]
        hook = f'url: "json://{receiver.address}/", digest: "mon 08:00"'
        one.apply(parse_config(f"{text}channels: {{team: {{{hook}}}}}"), "tester")
        due = shop.START + 7 * WEEK + DAY
        one.run_until(due - WEEK)  # it holds everything
        other.run_until(due)
        assert weeks() == 0
        for each in (one, other, one):
            each.run_until(due)
        assert weeks() == 1
