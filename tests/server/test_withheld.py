"""What is withheld is shown as withheld: on the metric's page, in the API, by the client, in the service's numbers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import watchkeeper
from tests.server.reading import form
from tests.watch import shop
from tests.watch.test_small_groups import open_grouped, shrink
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.server.run import running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shop.build(tmp_path / "shop.db")
    return tmp_path


def test_a_withheld_point_is_shown_as_withheld(home: Path) -> None:
    shrink(home, shop.END - 5 * HOUR, shop.END)
    with open_grouped(home, shop.END) as service:
        service.run_until(shop.END - 6 * HOUR)
        service.run_until(shop.END)
        service.access.add_user("ada", Role.VIEWER, by="tester")
        token = service.access.make_token("ada", "test", [Scope.READ], lifetime_s=DAY, by="tester")[0]
        with running(service, home / "cache") as address, watchkeeper.Client(address, token=token) as client:
            (german,) = [one for one in client.series("orders") if one.label == "DE"]
            points = list(client.points(german.id))[-7:]
            assert [(one.value is None, one.is_withheld, one.is_alert) for one in points] == [
                *[(False, False, False)] * 2,
                *[(True, True, False)] * 5,
            ]
            assert client.metric("orders").withheld == 5
            headers = {"authorization": f"Bearer {token}", "accept": "text/plain"}
            numbers = httpx.get(f"{address}/metrics", headers=headers).text
            assert 'watchkeeper_rows_withheld_total{metric="orders"} 5.0' in numbers
            with httpx.Client(base_url=address, follow_redirects=True) as browser:
                asked = browser.get(service.sign_in.make_link(address, "ada", by="tester")).text
                browser.post("/sign-in", data=form(asked, "/sign-in"), headers={"origin": address})
                page = browser.get(f"/metrics/orders?series={german.id}").text
            assert "Withheld in 30 days" in page
            assert "of groups under 50" in page
