"""The how-to of Grafana is true: its very addresses are asked, as Grafana would fill them in."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from tests.server.shop import Served
from tests.watch import shop
from watchkeeper.domain.access import Role
from watchkeeper.domain.times import HOUR

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "grafana.md").read_text(encoding="utf-8")
HOST = "https://watch.example.com"
START, END = shop.LATER_DROP - 12 * HOUR, shop.LATER_DROP + 12 * HOUR


def test_the_panel_gets_what_its_columns_name(api: Served) -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (target,) = json.loads(text)["targets"]
    (listed,) = re.findall(rf"{HOST}(/api/v1/metrics/\S+)", PAGE)
    with api.client(Role.VIEWER) as client:
        series = client.get(listed).json()["items"]
        assert [one["label"] for one in series] == ["DE", "US"]
        address = target["url"].removeprefix(HOST)
        for name, value in {"series": series[0]["id"], "__from": 1000 * START, "__to": 1000 * END}.items():
            assert f"${{{name}}}" in address
            address = address.replace(f"${{{name}}}", str(value))
        assert "$" not in address
        answer = client.get(address)
    assert answer.status_code == 200
    items = answer.json()[target["root_selector"]]
    assert len(items) == (END - START) // HOUR
    types = {column["selector"]: column["type"] for column in target["columns"]}
    assert list(types) == ["time", "value", "expected", "lower", "upper", "score"]
    for item in items:
        for name, kind in types.items():
            if kind == "timestamp":
                assert START <= datetime.fromisoformat(item[name]).timestamp() < END
            else:
                assert isinstance(item[name], int | float)
    (fallen,) = (one for one in items if datetime.fromisoformat(one["time"]).timestamp() == shop.LATER_DROP)
    assert fallen["value"] < fallen["lower"] < fallen["expected"] < fallen["upper"]


def test_each_column_that_the_page_explains_is_there(api: Served) -> None:
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)))
    with api.client(Role.VIEWER) as client:
        (item,) = client.get("/api/v1/series/1/points", params={"limit": 1}).json()["items"]
    assert len(named) == 9
    assert set(named) <= set(item)
