"""The page behind a signed link, where saying it has a price."""

from __future__ import annotations

from pathlib import Path

from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, text
from watchkeeper.domain.errors import GuardError, LinkError
from watchkeeper.server import create_app
from watchkeeper.watch.views import LinkPage


class Priced:
    """A link whose answer would lose a confirmed alert."""

    def __init__(self) -> None:
        self.forced: list[tuple[str, str]] = []

    def page(self, token: str) -> LinkPage:
        if token != "good":
            raise LinkError("this link was changed")
        return LinkPage(about="Orders fell", label="False alarm", would="If said: alerts like it become rarer.")

    def say(self, token: str, name: str = "", note: str = "", *, force: bool = False) -> LinkPage:
        if not force:
            raise GuardError("1 alert that people confirmed would no longer fire (#4)")
        self.forced.append((name, note))
        return LinkPage(about="Orders fell", label="False alarm", would="", done="Noted.", undo=1, is_open=False)


def test_losing_a_confirmed_alert_asks_a_second_time_and_keeps_what_was_typed(cache_dir: Path) -> None:
    service = FakeService()
    service.one_click = Priced()
    app = create_app(service, secret=b"s" * 32, cache_dir=cache_dir)
    with TestClient(app, base_url="http://127.0.0.1:8321", raise_server_exceptions=False) as stranger:
        assert "alerts like it become rarer" in text(stranger.get("/say/good").text)
        assert stranger.get("/say/bad").status_code == 410
        asked = stranger.post("/say/good", data={"name": "Ada", "note": "test again"})
        assert asked.status_code == 409
        assert "would no longer fire (#4)" in text(asked.text)
        assert service.one_click.forced == []
        assert 'value="test again"' in asked.text
        fields = form(asked.text, "/say/good")
        done = stranger.post("/say/good", data={**fields, "name": "Ada", "note": "test again"})
        assert "Noted." in text(done.text)
        assert service.one_click.forced == [("Ada", "test again")]
