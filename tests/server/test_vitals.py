"""How the service says that it is well: to Prometheus, and to whoever probes it."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, event

from tests.server.shop import Served
from tests.watch import shop
from watchkeeper.domain.access import Role
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.stores.ledger import Ledger, metrics, watermarks
from watchkeeper.watch.vitals import Vitals

PROMETHEUS = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}


def test_prometheus_reads_what_the_ticks_did(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        text = client.get("/metrics", headers=PROMETHEUS).text
        page = client.get("/metrics", headers={"accept": "text/html,*/*"}).text
        plain = client.get("/metrics", headers={"accept": "*/*"}).text
    assert page.startswith("<!doctype html>")
    assert "watchkeeper_points_total" in plain, "a token is of a program, whatever it accepts"
    samples = {
        (one.name, one.labels.get("metric", "")): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    assert samples["watchkeeper_points_total", ""] == shop.WEEKS * 7 * 24 * 2
    assert samples["watchkeeper_alerts_opened_total", ""] >= 3
    assert samples["watchkeeper_alerts_open", ""] == 0
    assert samples["watchkeeper_tick_seconds_count", ""] == 1
    assert samples["watchkeeper_delay_seconds", "orders"] == 60
    assert ("watchkeeper_messages_sent_total", "") in samples


def test_a_scrape_asks_the_ledger_as_often_for_one_metric_as_for_many(tmp_path: Path) -> None:
    def statements(count: int) -> int:
        asked: list[str] = []
        with Ledger.open(f"sqlite:///{tmp_path}/{count}.db") as ledger:
            with ledger.write() as tx:
                metrics.put_source(tx, Source(name="shop", kind=SourceKind.PUSH))
                for number in range(count):
                    metrics.put_metric(tx, Metric(name=f"m{number}", source="shop", step="1h"))
                    watermarks.advance(tx, f"m{number}", 3600)
            vitals = Vitals(ledger, lambda: 7200.0)

            def note(*said: object) -> None:
                asked.append(str(said[2]))

            event.listen(Engine, "before_cursor_execute", note)
            try:
                text = vitals.text().decode()
            finally:
                event.remove(Engine, "before_cursor_execute", note)
        assert text.count("watchkeeper_delay_seconds{") == count
        return len(asked)

    assert statements(30) == statements(1)


def test_prometheus_needs_a_token(api: Served) -> None:
    with api.client(None) as client:
        assert client.get("/metrics", headers=PROMETHEUS).status_code == 401


def test_ready_says_why_not(api: Served) -> None:
    vitals = api.service.vitals
    with api.client(None) as client:
        assert (client.get("/ready").status_code, client.get("/ready").text) == (200, "ready\n")
        assert client.get("/ready", headers={"host": "10.0.0.7"}).status_code == 200
        ended, vitals._ended = vitals._ended, 0.0
        late = client.get("/ready")
        vitals._ended = None
        new = client.get("/ready")
        vitals._ended = ended
    assert (late.status_code, new.status_code) == (503, 503)
    assert "the last tick ended" in late.text
    assert "the first tick" in new.text
