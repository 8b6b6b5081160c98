"""A channel is told once per message; what cannot be is told apart: for good, or for now."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError
from watchkeeper.notify import channels
from watchkeeper.notify.channels import file_of
from watchkeeper.notify.parcel import Parcel


def send(channel: Channel, title: str, body: str, picture: bytes = b"") -> None:
    channels.send(channel, Parcel(title=title, body=body, draw=lambda: picture), now=0)


def test_each_file_channel_writes_to_its_own_file(tmp_path: Path):
    one, other = tmp_path / "On call.txt", tmp_path / "ops" / "told.txt"
    for path in (one, other, one):
        send(Channel(name="c", url=f"textfile://{path}"), "Orders", "fell\nby half")
    assert one.read_text() == "## Orders\nfell\nby half\n\n" * 2
    assert other.read_text() == "## Orders\nfell\nby half\n\n"


def test_a_relative_path_and_a_variable_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOLD", "here/told.txt")
    channel = Channel(name="c", url="textfile://${TOLD}")
    send(channel, "t", "b")
    assert file_of(channel) == Path("here/told.txt")
    assert (tmp_path / "here" / "told.txt").exists()


def test_a_secret_may_stand_in_a_file(tmp_path: Path):
    (tmp_path / "address").write_text(f"{tmp_path}/told.txt\n")
    send(Channel(name="c", url=f"textfile://${{file:{tmp_path}/address}}"), "t", "b")
    assert (tmp_path / "told.txt").read_text() == "## t\nb\n\n"
    (tmp_path / "url").write_text("nonsense://hunter2")
    with pytest.raises(ChannelError, match="Apprise knows") as caught:
        send(Channel(name="c", url=f"${{file:{tmp_path}/url}}"), "t", "b")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(
        ChannelError, match=r"channel c: its url names \$\{file:.*/none\}, which cannot be read"
    ) as caught:
        send(Channel(name="c", url=f"slack://${{file:{tmp_path}/none}}"), "t", "b")
    assert caught.value.is_of_channel


@pytest.mark.parametrize(
    ("url", "says"), [("nonsense://x", "docs/configuration.md"), ("json://${NOT_SET_HERE}", "NOT_SET_HERE")]
)
def test_what_can_never_work_is_permanent(url: str, says: str):
    with pytest.raises(ChannelError, match=says) as caught:
        send(Channel(name="c", url=url), "t", "b")
    assert caught.value.permanent
    assert caught.value.is_of_channel


class Webhook(http.server.BaseHTTPRequestHandler):
    status = 200
    received: list[dict[str, Any]] = []  # noqa: RUF012 - one server a test, cleared by the fixture

    def do_POST(self) -> None:
        self.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Channel]:
    Webhook.received.clear()
    Webhook.status = 200
    server = http.server.HTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Channel(name="hook", url=f"json://127.0.0.1:{server.server_port}/")
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_is_really_called_and_a_refusal_is_passing(webhook: Channel):
    send(webhook, "Orders", "fell")
    (message,) = Webhook.received
    assert (message["title"], message["message"]) == ("Orders", "fell")
    assert message["attachments"] == []
    Webhook.status = 503
    with pytest.raises(ChannelError, match="tried again") as caught:
        send(webhook, "Orders", "fell")
    assert not caught.value.permanent


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_may_pass_is_passing(webhook: Channel, status: int):
    Webhook.status = status
    with pytest.raises(ChannelError, match=f"{status}; it will be tried again") as caught:
        send(webhook, "Orders", "fell")
    assert not caught.value.permanent


@pytest.mark.parametrize(("status", "of_channel"), [(400, False), (413, False), (422, False), (401, True), (404, True)])
def test_what_cannot_work_is_permanent_of_the_message_or_of_the_channel(
    webhook: Channel, status: int, of_channel: bool
):
    Webhook.status = status
    with pytest.raises(ChannelError, match=str(status)) as caught:
        send(webhook, "Orders", "fell")
    assert (caught.value.permanent, caught.value.is_of_channel) == (True, of_channel)


def test_nobody_there_is_passing_and_says_nothing_of_secrets():
    with pytest.raises(ChannelError) as caught:
        send(Channel(name="hook", url="json://user:hush@127.0.0.1:1/"), "Orders", "fell")
    assert not caught.value.permanent
    assert "hush" not in str(caught.value)


def test_a_picture_goes_along(webhook: Channel):
    send(webhook, "Orders", "fell", b"\x89PNG and the rest")
    (attached,) = Webhook.received[0]["attachments"]
    assert (attached["filename"], attached["mimetype"]) == ("chart.png", "image/png")
    assert base64.b64decode(attached["base64"]) == b"\x89PNG and the rest"


def test_a_file_takes_the_words_without_the_picture(tmp_path: Path):
    send(Channel(name="c", url=f"textfile://{tmp_path}/told.txt"), "Orders", "fell", b"\x89PNG")
    assert (tmp_path / "told.txt").read_text() == "## Orders\nfell\n\n"


def test_a_file_that_is_not_one_of_messages_is_neither_written_to_nor_shown(tmp_path: Path):
    for name, content in {"told.txt": b"hello", "bytes.txt": b"\xff\xfe", "notes.md": b"# Notes\n"}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "real.txt").write_text("## one\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    (tmp_path / "folder.txt").mkdir()
    refused = [
        "told.txt",
        "bytes.txt",
        "notes.md",
        "link.txt",
        "folder.txt",
        "new",
        "crontab/new.conf",
        "x" * 300 + ".txt",
    ]
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for name in [*refused, "nul\0.txt"]:
        channel = Channel(name="c", url=f"textfile://{tmp_path}/{name}")
        with pytest.raises(ChannelError, match=r"channel c: .*\.txt") as caught:
            send(channel, "Orders", "fell")
        assert caught.value.is_of_channel
        assert channels.messages_of(channel) == []
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_the_newest_messages_of_a_long_file_are_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    channel = Channel(name="c", url=f"textfile://{tmp_path}/told.txt")
    for number in range(20):
        send(channel, f"Orders {number}", "fell é" * 10)
    monkeypatch.setattr(channels, "SHOWN_BYTES", 300)
    assert [one.partition("\n")[0] for one in channels.messages_of(channel)] == ["Orders 17", "Orders 18", "Orders 19"]


def test_a_channel_of_which_the_variable_is_not_set_has_no_messages():
    assert channels.messages_of(Channel(name="c", url="textfile://${NOT_SET_HERE}")) == []
    assert channels.messages_of(Channel(name="c", url="json://127.0.0.1/")) == []
