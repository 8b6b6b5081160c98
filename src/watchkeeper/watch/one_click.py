"""What happens behind a signed link: what it would do, doing it once, and taking it back."""

from __future__ import annotations

from collections.abc import Callable

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.watch import views
from watchkeeper.watch.flags import Flags
from watchkeeper.watch.links import LABELS, Links, Meant, signed
from watchkeeper.watch.views import LinkPage


class OneClick:
    """The pages behind links. Every method raises LinkError where the token is too old or was changed."""

    def __init__(
        self,
        links: Links,
        flags: Flags,
        line_of: Callable[[int], views.AlertLine],
        *,
        preview: Callable[[views.Draft], views.Receipt],
        answer: Callable[[views.Draft], views.Receipt],
        undo: Callable[[int, str], views.Receipt],
        receipt: Callable[[int], views.Receipt],
    ) -> None:
        self._links = links
        self._flags = flags
        self._line_of = line_of
        self._preview = preview
        self._answer = answer
        self._undo = undo
        self._receipt = receipt

    def page(self, token: str) -> LinkPage:
        """What the link is about and what it would change; nothing is said."""
        meant = self._links.read(token)
        if meant.alert is None:
            return self._flag_page(meant)
        assert meant.answer is not None
        about, label = self._line_of(meant.alert).sentence, LABELS[meant.answer]
        said = self._links.said_by(meant)
        if said is not None:
            done = self._receipt(said.id).sentence
            return LinkPage(about=about, label=label, would="", done=done, undo=said.id, is_open=False)
        would = self._preview(self._links.draft(meant, "", "", force=False)).sentence
        return LinkPage(about=about, label=label, would=would.replace("Noted as", "If said:", 1))

    def say(self, token: str, name: str = "", note: str = "", *, force: bool = False) -> LinkPage:
        """Do what the link says, once: said again it changes nothing. Raises GuardError as `Watchkeeper.answer`."""
        meant = self._links.read(token)
        if meant.alert is None:
            if not self._links.question(meant):
                raise InputError("what this link answers is not asked any more; the flag's page says how it stands")
            line = self._flags.answer(
                meant.flag, is_yes=meant.is_yes, by=signed(meant, name), is_rollout=meant.is_rollout
            )
            return LinkPage(about=line.flag.label, label=_word(meant), would="", done=line.sentence, is_open=False)
        if self._links.said_by(meant) is None:
            self._answer(self._links.draft(meant, name, note, force=force))
        return self.page(token)

    def undo(self, token: str, name: str = "") -> LinkPage:
        """Take back what the link said; InputError where nothing of it is in force."""
        meant = self._links.read(token)
        said = self._links.said_by(meant)
        if said is None:
            raise InputError("nothing that this link said is in force, so there is nothing to take back")
        undone = self._undo(said.id, signed(meant, name))
        about = self._line_of(meant.alert or 0).sentence
        return LinkPage(about=about, label=LABELS[said.answer or Answer.REAL], would="", done=undone.sentence)

    def _flag_page(self, meant: Meant) -> LinkPage:
        asked = self._links.question(meant)
        line = self._flags.page(meant.flag).line
        if not asked:
            return LinkPage(
                about=line.sentence,
                label=_word(meant),
                would="",
                done="This is not asked any more.",
                is_open=False,
            )
        would = "" if meant.is_yes else "It stays as it is."
        return LinkPage(about=asked, label=_word(meant), would=would)


def _word(meant: Meant) -> str:
    return "Yes" if meant.is_yes else "No"
