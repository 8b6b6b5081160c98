"""A backup is made while the service runs, and what is restored from it is what was there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.watch import shop
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import InputError, StoreError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import parse_instant
from watchkeeper.sources.pushed import read_json
from watchkeeper.sources.samples import How, Sample
from watchkeeper.stores import places
from watchkeeper.stores.history import History
from watchkeeper.stores.push_log import Pushed, PushLog
from watchkeeper.watch import backups
from watchkeeper.watch.doctor import Health, examine
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft


def seen(service: Watchkeeper) -> list[object]:
    """What people see: every alert with its history and answers, and a year's chart."""
    lines = service.inbox(show="all", order="newest").lines
    pages = [service.alert_page(line.alert.id) for line in lines]
    page = service.metric_page("orders")
    return [[(one.line, one.history, one.answers) for one in pages], page.chart, page.answers, service.standing()]


@pytest.fixture
def answered(service: Watchkeeper) -> Watchkeeper:
    line = service.inbox(show="all").lines[0]
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=line.alert.id, note="the checkout, “again”"))
    return service


def test_what_is_restored_is_what_was_backed_up(answered: Watchkeeper, home: Path) -> None:
    made = answered.backups.make(home / "kept.zip")
    assert made.points == shop.WEEKS * 7 * 24 * len(shop.COUNTRIES)
    assert (home / "kept.zip").stat().st_mode & 0o077 == 0, "it holds what the ledger holds"
    before = seen(answered)
    assert backups.restore(home / "new", home / "kept.zip") == made
    with Watchkeeper.open(home / "new", link="http://127.0.0.1:8321", clock=lambda: shop.END + 60) as restored:
        assert seen(restored) == before
        assert restored.run_until(shop.END).opened == 0
        assert restored.metric_page("orders").chart == before[1]
        again = restored.answer(Draft(answer=Answer.FALSE_ALARM, by="bob", alert=1))
        assert again.feedback.id > 1, "numbers go on"
    with pytest.raises(StoreError, match="points already"):
        backups.restore(home / "new", home / "kept.zip")


PUSHED = """
sources: {push: {kind: push}}
metrics: {total: {source: push, step: 1h, kind: count, since: 2026-06-01}}
"""
PUSHED_AT = parse_instant("2026-06-01T09:00Z")
KILLED = """
import os, signal, sys
from pathlib import Path
from watchkeeper.sources.pushed import read_json
from watchkeeper.sources.samples import How, Sample
from watchkeeper.watch import pushes
from watchkeeper.watch.service import Watchkeeper
pushes.DRAIN_EVERY_S = 3600
at = int(sys.argv[2])
service = Watchkeeper.open(Path(sys.argv[1]), clock=lambda: at + 7200)
service.pushes.store(read_json(b'{"metric": "total", "time": [%d], "value": [7]}' % at))
service.pushes.take_samples([Sample("total", (), (at + 3600 + k) * 1000, 2.0, How.DELTA) for k in range(3)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def pushed(home: Path) -> dict[int, float]:
    """What the history knows of the one series, whatever was judged."""
    with History.open(places.history_place(home)) as history:
        columns = history.read((1,))
        return dict(zip(columns.time.tolist(), columns.value.tolist(), strict=True))


def test_a_backup_after_a_kill_holds_every_point_that_was_accepted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Watchkeeper.open(home, clock=lambda: PUSHED_AT + 7200) as service:
        service.apply(parse_config(PUSHED), "tester")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(home), str(PUSHED_AT)], check=False)
    assert killed.returncode == -signal.SIGKILL
    backups.make(home, tmp_path / "kept.zip")
    backups.restore(tmp_path / "new", tmp_path / "kept.zip")
    assert pushed(tmp_path / "new") == {PUSHED_AT: 7.0, PUSHED_AT + 3600: 6.0}
    backups.restore(tmp_path / "newer", tmp_path / "kept.zip")
    with Watchkeeper.open(tmp_path / "newer", clock=lambda: PUSHED_AT + 7200) as service:
        again = Sample("total", (), (PUSHED_AT + 3602) * 1000, 2.0, How.DELTA)
        service.pushes.take_samples([again, again._replace(at_ms=again.at_ms + 1000)])
    assert pushed(tmp_path / "newer")[PUSHED_AT + 3600] == 8.0, "what the backup has counted is not counted again"


def test_a_backup_of_a_running_service_holds_what_it_accepted_just_now(tmp_path: Path) -> None:
    with Watchkeeper.open(tmp_path / "home", clock=lambda: PUSHED_AT + 7200) as service:
        service.apply(parse_config(PUSHED), "tester")
        service.pushes.store(read_json(b'{"metric": "total", "time": [%d], "value": [7]}' % PUSHED_AT))
        service.backups.make(tmp_path / "kept.zip")
    backups.restore(tmp_path / "new", tmp_path / "kept.zip")
    assert pushed(tmp_path / "new") == {PUSHED_AT: 7.0}


def test_what_another_process_holds_of_the_push_log_is_packed_and_restored(tmp_path: Path) -> None:
    """Two servers of one home, both stores elsewhere: the points of the other's part are not this one's to drain."""
    with Watchkeeper.open(tmp_path / "home", clock=lambda: PUSHED_AT + 7200) as service:
        service.apply(parse_config(PUSHED), "tester")
        service.pushes.store(read_json(b'{"metric": "total", "time": [%d], "value": [7]}' % PUSHED_AT))
        other = PushLog(tmp_path / "home" / places.PUSHED)
        is_done = threading.Event()
        series, time = np.array([1, 2], np.int32), np.full(2, PUSHED_AT + 3600)
        other.append(Pushed(PUSHED_AT + 7000, series, time, np.array([8.0, 9.0])), lambda problem: is_done.set())
        assert is_done.wait(30)
        service.backups.make(tmp_path / "kept.zip")
        other.close()
    backups.restore(tmp_path / "new", tmp_path / "kept.zip")
    assert pushed(tmp_path / "new") == {PUSHED_AT: 7.0, PUSHED_AT + 3600: 8.0}
    with History.open(places.history_place(tmp_path / "new")) as history:
        assert len(history.read((2,)).time) == 0, "that series is younger than the backup"


def test_links_of_old_messages_work_after_a_restore(answered: Watchkeeper, home: Path) -> None:
    answered.backups.make(home / "kept.zip")
    (address, *_) = [one for _, one in answered._links.of_alert(1, "team")]
    backups.restore(home / "new", home / "kept.zip")
    assert (home / "new" / "link-key").stat().st_mode & 0o777 == 0o600
    with Watchkeeper.open(home / "new", link="http://127.0.0.1:8321", clock=lambda: shop.END + 60) as restored:
        assert restored.one_click.page(address.rpartition("/")[2]).label == "Real"


def test_a_backup_of_files_restores_into_postgresql_and_back(
    answered: Watchkeeper, home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = seen(answered)
    answered.backups.make(home / "kept.zip")
    monkeypatch.setenv(places.LEDGER_URL, postgres_url)
    monkeypatch.setenv(places.HISTORY_URL, postgres_url)
    backups.restore(home / "new", home / "kept.zip")
    with Watchkeeper.open(home / "new", link="http://127.0.0.1:8321", clock=lambda: shop.END + 60) as restored:
        assert seen(restored) == before
        restored.backups.make(home / "back.zip")
        line = restored.inbox(show="all").lines[0]
        restored.answer(Draft(answer=Answer.FALSE_ALARM, by="bob", alert=line.alert.id, force=True))
    monkeypatch.delenv(places.LEDGER_URL)
    monkeypatch.delenv(places.HISTORY_URL)
    backups.restore(home / "third", home / "back.zip")
    with Watchkeeper.open(home / "third", link="http://127.0.0.1:8321", clock=lambda: shop.END + 60) as restored:
        assert seen(restored) == before


def test_a_damaged_backup_restores_nothing(answered: Watchkeeper, home: Path) -> None:
    answered.backups.make(home / "kept.zip")
    data = bytearray((home / "kept.zip").read_bytes())
    data[len(data) // 2] ^= 255
    (home / "kept.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"kept\.zip.*damaged"):
        backups.restore(home / "new", home / "kept.zip")
    assert not (home / "new").exists()
    with pytest.raises(InputError, match="no such file"):
        backups.restore(home / "new", home / "nothing.zip")
    (home / "text.zip").write_text("no backup")
    with pytest.raises(InputError, match="no backup of Watchkeeper"):
        backups.restore(home / "new", home / "text.zip")


RUNNING = """
import sys
from pathlib import Path
from watchkeeper.watch.schedule import Schedule
from watchkeeper.watch.service import Watchkeeper
with Watchkeeper.open(Path(sys.argv[1])) as service:
    with Schedule(service, every_s=3600):
        print("running", flush=True)
        sys.stdin.read()
"""


def test_the_command_backs_up_a_running_service(answered: Watchkeeper, home: Path) -> None:
    answered.close()
    stores = home / "watchkeeper"
    command = [sys.executable, "-c", RUNNING, str(stores)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            assert running.stdout.readline() == "running\n"
            result = CliRunner().invoke(main, ["backup", str(home / "kept.zip"), "--home", str(stores), "--json"])
            assert result.exit_code == 0, result.output
            assert json.loads(result.stdout)["tables"]["feedback"] == 1
            nowhere = str(home / "nowhere" / "kept.zip")
            refused = CliRunner().invoke(main, ["backup", nowhere, "--home", str(stores)])
            assert refused.exit_code == 6
            assert "name a place with room" in refused.stderr
            found = {one.what: one.health for one in examine(stores, now=shop.END)}
            assert found["history"] is Health.WELL
        finally:
            running.kill()
    checked = CliRunner().invoke(main, ["backup", "--check", str(home / "kept.zip")])
    assert "sound" in checked.stdout
    restored = CliRunner().invoke(main, ["restore", str(home / "kept.zip"), "--home", str(home / "new")])
    assert restored.exit_code == 0
    assert "1 metrics" in restored.stdout


def test_the_doctor_finds_a_sound_setup_well(service: Watchkeeper, home: Path) -> None:
    service.close()
    found = examine(home / "watchkeeper", now=shop.END)
    assert {one.what for one in found} >= {"disk", "ledger", "history", "source shop", "channel team", "metrics"}
    assert [one for one in found if one.health is Health.ILL] == []


def test_the_doctor_asks_each_metric_and_looks_at_each_channel(
    service: Watchkeeper, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = """
sources:
  shop: {url: "sqlite:///SHOP"}
metrics:
  carts:
    source: shop
    step: 1h
    since: 2026-01-05
    query: select time, items from carts where time >= :start_s and time < :end_s
channels:
  chat: {url: "slack://${NO_SUCH_TOKEN}/#team"}
  pager: {url: "${file:/no/such/file}"}
  alertmanager: {url: "am:9093", kind: alertmanager}
""".replace("SHOP", str(home / "shop.db"))
    service.apply(parse_config(more), "tester")
    service.close()
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    found = {one.what: one for one in examine(home / "watchkeeper", now=shop.END)}
    assert found["source shop"].health is Health.ILL
    assert found["source shop"].words.startswith("of all 2 metrics 1 cannot be read: metric carts")
    assert found["channel team"].health is Health.WELL
    for channel, says in {
        "chat": "its url names ${NO_SUCH_TOKEN}, which is not set",
        "pager": "its url names ${file:/no/such/file}, which cannot be read",
        "alertmanager": "begins with http:// or https://",
    }.items():
        assert found[f"channel {channel}"].health is Health.ILL
        assert says in found[f"channel {channel}"].words
    assert not (home / "told.txt").exists() or "test" not in (home / "told.txt").read_text()
    monkeypatch.setattr("watchkeeper.watch.doctor.ASKED_FOR_S", -1.0)
    found = {one.what: one for one in examine(home / "watchkeeper", now=shop.END)}
    assert "1 of 2 metrics (time was up)" in found["source shop"].words


def test_a_new_home_is_closed_to_others_and_the_doctor_warns_of_one_that_is_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Watchkeeper.open(home).close()
    assert home.stat().st_mode & 0o777 == 0o700
    found = {one.what for one in examine(home, now=shop.END)}
    assert not any(one.startswith("permissions") for one in found)
    home.chmod(0o755)
    found = {one.what for one in examine(home, now=shop.END)}
    assert {"permissions of ledger.db", "permissions of history.duckdb"} <= found


def test_the_doctor_names_what_is_ill_and_the_mend(service: Watchkeeper, home: Path) -> None:
    service.close()
    (home / "shop.db").unlink()
    (home / "watchkeeper" / "link-key").chmod(0o644)
    result = CliRunner().invoke(main, ["doctor", "--home", str(home / "watchkeeper"), "--json"])
    assert result.exit_code == 13
    found = {one["what"]: one for one in map(json.loads, result.stdout.splitlines())}
    assert found["source shop"]["health"] == "ill"
    assert found["permissions of link-key"]["mend"].startswith("chmod 600")
    assert found["metrics"]["health"] == "warning", "the last period lies long ago"
    assert "wait to be judged" in found["metrics"]["words"]


def test_the_doctor_says_where_the_history_may_use_too_little_memory(
    service: Watchkeeper, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHKEEPER_HISTORY_MEMORY", "32MB")
    (found,) = (one for one in examine(home / "watchkeeper", now=shop.END) if one.what == "memory of the history")
    assert found.health is Health.WARNING
    assert "32 MB; 268 MB fit" in found.words
    assert "WATCHKEEPER_HISTORY_MEMORY" in found.mend
    monkeypatch.setenv("WATCHKEEPER_HISTORY_MEMORY", "a lot")
    (found,) = (one for one in examine(home / "watchkeeper", now=shop.END) if one.what == "history")
    assert found.health is Health.ILL
    assert "'a lot' is no size" in found.words


def test_the_doctor_says_how_to_begin(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path / "none")])
    assert result.exit_code == 13
    assert "watchkeeper apply" in result.stdout
    assert not (tmp_path / "none").exists(), "looking makes nothing"
