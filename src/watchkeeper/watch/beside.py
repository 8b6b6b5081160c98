"""What the ledger alone answers: it can be asked beside a running server, which has the history to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from watchkeeper.stores import places
from watchkeeper.stores.ledger import Ledger

if TYPE_CHECKING:
    from watchkeeper.domain.config import Config
    from watchkeeper.domain.config_lines import Places
    from watchkeeper.watch.access import Access
    from watchkeeper.watch.assessments import Assessments
    from watchkeeper.watch.channels import Channels
    from watchkeeper.watch.deeds import Deeds
    from watchkeeper.watch.flags import Flags
    from watchkeeper.watch.plan import Step
    from watchkeeper.watch.removing import Removal
    from watchkeeper.watch.runbooks import Runbooks
    from watchkeeper.watch.sign_in import SignIn
    from watchkeeper.watch.systems import Systems
    from watchkeeper.watch.teams import Teams


class Beside:
    """The nouns of `watch.service.Watchkeeper` that need no history, by the same names.

    Each is loaded when it is asked for: a verb asks one of them, and all together load detectors and models.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    @classmethod
    @contextmanager
    def open(cls, home: Path, clock: Callable[[], float]) -> Iterator[Beside]:
        """Over the ledger of a home, made where there is none."""
        places.make(home)
        with Ledger.open(places.ledger_url(home)) as ledger:
            yield cls(ledger, clock)

    @cached_property
    def access(self) -> Access:
        """People, their tokens, and the log of who changed what."""
        from watchkeeper.watch.access import Access

        return Access(self._ledger, self._clock)

    @cached_property
    def sign_in(self) -> SignIn:
        """Links and sessions."""
        from watchkeeper.watch.sign_in import SignIn

        return SignIn(self._ledger, self._clock)

    @cached_property
    def teams(self) -> Teams:
        """Who owns metrics together."""
        from watchkeeper.watch.teams import Teams

        return Teams(self._ledger, self._clock)

    @cached_property
    def channels(self) -> Channels:
        """The channels and how each fares."""
        from watchkeeper.watch.channels import Channels

        return Channels(self._ledger, self._clock)

    @cached_property
    def flags(self) -> Flags:
        """The feature flags; roll-outs without intervals."""
        from watchkeeper.watch.flags import Flags

        found = Flags(self._ledger, self._clock)
        found.refresh()
        return found

    @cached_property
    def deeds(self) -> Deeds:
        """What people do with alerts besides answering."""
        from watchkeeper.watch.deeds import Deeds

        return Deeds(self._ledger, self._clock)

    @cached_property
    def runbooks(self) -> Runbooks:
        """What is to be done about alerts; without the values of now."""
        from watchkeeper.watch.runbooks import Runbooks

        return Runbooks(self._ledger)

    @cached_property
    def systems(self) -> Systems:
        """The ML features."""
        from watchkeeper.watch.systems import Systems

        return Systems(self._ledger, self._clock)

    @cached_property
    def assessments(self) -> Assessments:
        """Reports on ideas, and what was decided on them."""
        from watchkeeper.watch.assessments import Assessments

        return Assessments(self._ledger, self._clock)

    def plan(self, config: Config, places: Places | None = None, *, is_pruned: bool = False) -> list[Step]:
        """What applying a configuration would change, in its order; ConfigError where it would be refused."""
        from watchkeeper.watch.plan import plan

        return plan(self._ledger, config, places, is_pruned=is_pruned)

    def removal(self, kind: str, name: str) -> Removal:
        """What removing something that is configured would mean."""
        from watchkeeper.watch.applying import removal

        return removal(self._ledger, kind, name)

    def standing(self) -> Config:
        """What is configured now."""
        from watchkeeper.watch.plan import standing

        return standing(self._ledger)
