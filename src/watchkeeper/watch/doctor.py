"""What a setup lacks, and what to do about it: stores, disk, clocks, sources, channels, metrics, permissions."""

from __future__ import annotations

import enum
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import text

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError, ConfigError, StoreError, WatchkeeperError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.times import floor_to_step, format_duration
from watchkeeper.notify import channels as ways
from watchkeeper.sources.readers import Reader, reader_of
from watchkeeper.stores import places
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, channel_states, metrics, watermarks
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.stores.ledger.ledger import SCHEMA_REVISION
from watchkeeper.watch import collect, retention
from watchkeeper.watch.settling import settled

LEAST_FREE, LOW_FREE = 200 * 2**20, 2 * 2**30
"""Bytes of free disk below which nothing can be stored soon, and below which somebody should look."""
CLOCKS_APART_S = 5.0
STALE_STEPS = 3
ASKED_FOR_S = 20.0
"""So long a source is asked for its metrics, one after the other; those that are left are said to be."""
SHOWN = 3
"""So many metrics that cannot be read are named."""
PRIVATE = ("ledger.db", "history.duckdb", "link-key", "cache/session-key")
KEYS = ("link-key", "cache/session-key")


class Health(enum.Enum):
    """How something is."""

    WELL = "well"
    WARNING = "warning"
    ILL = "ill"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: how it is, in words, and the mend where it is not well."""

    what: str
    health: Health
    words: str
    mend: str = ""


def examine(home: Path, *, now: float) -> list[Finding]:
    """Look at everything; changes nothing. May be called while the service runs."""
    found = list(_folder(home))
    if not places.exist(home):
        mend = "name the home with --home, or make one: `watchkeeper apply FILE`"
        return [*found, Finding(what="ledger", health=Health.ILL, words=f"there is none in {home}", mend=mend)]
    try:
        with Ledger.open(places.ledger_url(home)) as ledger:
            found.append(_well("ledger", f"opens, schema {SCHEMA_REVISION}"))
            found += _clock(ledger)
            found += _history(home)
            found += _contents(ledger, now)
    except StoreError as error:
        found.append(Finding(what="ledger", health=Health.ILL, words=str(error), mend="see the sentence before"))
    return found


def _well(what: str, words: str) -> Finding:
    return Finding(what=what, health=Health.WELL, words=words)


def _folder(home: Path) -> Iterator[Finding]:
    if not home.is_dir():
        yield Finding(
            what="home",
            health=Health.WARNING,
            words=f"{home} does not exist yet",
            mend="`watchkeeper apply` or `watchkeeper serve` makes it",
        )
        return
    free = shutil.disk_usage(home).free
    health = Health.ILL if free < LEAST_FREE else Health.WARNING if free < LOW_FREE else Health.WELL
    mend = "" if health is Health.WELL else "make room, or move the home to a bigger disk"
    yield Finding(what="disk", health=health, words=f"{free / 2**30:.1f} GB free in {home}", mend=mend)
    is_closed = not home.stat().st_mode & stat.S_IXOTH
    for name in PRIVATE:
        path = home / name
        if not path.exists() or (is_closed and name not in KEYS):
            continue
        mode = path.stat().st_mode
        others = stat.S_IROTH | stat.S_IWOTH if name not in KEYS else stat.S_IRWXG | stat.S_IRWXO
        if mode & others:
            yield Finding(
                what=f"permissions of {name}",
                health=Health.ILL if name in KEYS else Health.WARNING,
                words=f"other users of this machine may read it ({stat.filemode(mode)})",
                mend=f"chmod {'600' if name in KEYS else 'o-rw'} {path}",
            )


def _clock(ledger: Ledger) -> Iterator[Finding]:
    with ledger.read() as tx:
        if tx.dialect.name != "postgresql":
            return
        theirs = float(tx.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar() or 0.0)
    apart = abs(theirs - time.time())
    if apart > CLOCKS_APART_S:
        words = f"this machine's clock and the database's are {apart:.0f} s apart"
        yield Finding(
            what="clock", health=Health.ILL, words=words, mend="set both by NTP: periods are judged by the clock"
        )
    else:
        yield _well("clock", f"{apart:.1f} s from the database's")


def _history(home: Path) -> Iterator[Finding]:
    try:
        if "://" not in places.history_place(home):
            yield from _memory(Path(places.history_place(home)))
        with History.open(places.history_place(home)):
            yield _well(
                "history", "opens; no service runs on it" if "://" not in places.history_place(home) else "opens"
            )
    except (StoreError, ConfigError) as error:
        if "holds it" in str(error):
            yield _well("history", "the running service has it")
        else:
            yield Finding(what="history", health=Health.ILL, words=str(error), mend="see the sentence before")


def _memory(path: Path) -> Iterator[Finding]:
    from watchkeeper.stores.history.duck_file import memory_lacks

    if lacks := memory_lacks(path):
        mend = f"raise {places.HISTORY_MEMORY}, or leave it out: the limit then grows with the history"
        yield Finding(what="memory of the history", health=Health.WARNING, words=lacks, mend=mend)


def _contents(ledger: Ledger, now: float) -> Iterator[Finding]:
    with ledger.read() as tx:
        known, sources = settled(tx, metrics.metrics(tx)), metrics.sources(tx)
        marks = watermarks.all_of(tx)
        channels = metrics.channels(tx)
        states = {one.name: channel_states.get(tx, one.name) for one in channels}
    if not known:
        mend = "write a configuration and `watchkeeper apply` it"
        yield Finding(what="metrics", health=Health.WARNING, words="none is watched", mend=mend)
    for source in sources:
        mine = [one for one in known if one.source == source.name]
        if mine and source.kind is not SourceKind.PUSH:
            yield _source(source, mine, now)
    if not channels:
        mend = "add one to the configuration: channels: {team: {url: …}}"
        yield Finding(what="channels", health=Health.WARNING, words="there is none: nobody is told", mend=mend)
    for channel in channels:
        yield _channel(channel, states[channel.name])
    yield _metrics(known, marks, int(now))
    with ledger.read() as tx:
        kept = retention.kept(tx)
    yield _well("retention", f"points {kept.points}, alerts {kept.alerts}, audit log {kept.audit}")


def _channel(channel: Channel, state: ChannelState) -> Finding:
    """Whether it could be told, as far as that is known without telling it anything, and how it fared."""
    what = f"channel {channel.name}"
    try:
        ways.check(channel)
    except ChannelError as error:
        mend = f"here and where the service runs; then `watchkeeper channels test {channel.name}`"
        return Finding(what=what, health=Health.ILL, words=str(error), mend=mend)
    if not state.failures:
        return _well(what, "its secrets are there, and nothing failed")
    return Finding(
        what=what,
        health=Health.ILL if state.is_dead else Health.WARNING,
        words=f"{state.failures} failures in a row: {state.error}",
        mend=f"mend its address or rights, then `watchkeeper channels test {channel.name}`",
    )


def _source(source: Source, mine: list[Metric], now: float) -> Finding:
    """Ask it for the newest period of each of its metrics, as the service does, as long as the time lasts."""
    what, began = f"source {source.name}", time.monotonic()
    failed: list[str] = []
    asked = rows = 0
    try:
        reader = reader_of(source)
        try:
            for metric in mine:
                if asked and time.monotonic() > began + ASKED_FOR_S:
                    break
                asked += 1
                try:
                    rows += _rows(reader, metric, now)
                except WatchkeeperError as error:
                    failed.append(str(error))
        finally:
            reader.close()
    except WatchkeeperError as error:
        return Finding(what=what, health=Health.ILL, words=str(error), mend="the sentence before says how")
    among = f"all {asked:,} metrics" if asked == len(mine) else f"{asked:,} of {len(mine):,} metrics (time was up)"
    if not failed:
        lasted = time.monotonic() - began
        return _well(what, f"{among} can be read: {rows:,} rows for their last periods in {lasted:.1f} s")
    said = "; ".join(dict.fromkeys(failed[:SHOWN])) + (f"; and {len(failed) - SHOWN:,} more" * (len(failed) > SHOWN))
    words = f"of {among} {len(failed):,} cannot be read: {said}"
    return Finding(what=what, health=Health.ILL, words=words, mend="the sentence before says how")


def _rows(reader: Reader, metric: Metric, now: float) -> int:
    """How many rows its last period has."""
    end = floor_to_step(int(now) - metric.settle_s, metric.step_s, metric.timezone)
    start = floor_to_step(end - 1, metric.step_s, metric.timezone)
    return sum(batch.num_rows for batch in reader.pull(metric, start, end))


def _metrics(known: list[Metric], marks: dict[str, int], now: int) -> Finding:
    late = []
    for metric in known:
        due = collect.window(metric, None, now)[1]
        mark = marks.get(metric.name)
        if mark is None or due - mark > STALE_STEPS * metric.step_s:
            behind = "never judged" if mark is None else f"{format_duration(due - mark)} behind"
            late.append(f"{metric.name} ({behind})")
    if not late:
        return _well("metrics", f"all {len(known):,} are judged up to now")
    shown = ", ".join(late[:5]) + (f" and {len(late) - 5:,} more" if len(late) > 5 else "")
    mend = "start `watchkeeper serve`; where it runs, its log and the sources above say what holds them up"
    return Finding(what="metrics", health=Health.WARNING, words=f"{len(late):,} wait to be judged: {shown}", mend=mend)
