"""One round of telling: alerts, what is open again, news of flags, to the channels that are this server's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from watchkeeper.domain.errors import ChannelError
from watchkeeper.stores.ledger import Ledger, metrics, mutes, routes, teams
from watchkeeper.watch.briefs import Briefs
from watchkeeper.watch.flag_news import FlagNews
from watchkeeper.watch.leases import Leases
from watchkeeper.watch.repeats import Repeats
from watchkeeper.watch.tell import tell


class Telling:
    """Tells what is news. `briefs` makes those of one round."""

    def __init__(self, ledger: Ledger, leases: Leases, briefs: Callable[[], Briefs], news: FlagNews) -> None:
        self._ledger = ledger
        self._leases = leases
        self._briefs = briefs
        self._news = news
        self._repeats = Repeats(ledger)

    def go_round(self, now: int, stale_s: int, troubles: list[str]) -> int:
        """Tell each channel what it has not been told; returns how many messages, what failed is in `troubles`."""
        with self._ledger.read() as tx:
            mine = [one for one in metrics.channels(tx) if self._leases.is_mine(one.name)]
            routed, known_teams = routes.listed(tx), teams.listed(tx)
            muted = [one for one in mutes.listed(tx) if not one.is_over(now)]
        say = partial(tell, self._ledger, now=now, stale_s=stale_s, mutes=muted, routes=routed, teams=known_teams)
        briefs, ours, sent = self._briefs(), self._leases.holds, 0
        for channel in mine:
            try:
                sent += say(channel, briefs, is_ours=partial(ours, channel.name))
            except ChannelError as error:
                troubles.append(str(error))
        self._repeats.send(mine, troubles, now=now, is_ours=ours)
        return sent + self._news.send(mine, routed, known_teams, troubles, now=now, stale_s=stale_s, is_ours=ours)
