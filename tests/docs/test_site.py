"""The documentation site is built from the documents and the code, whole, and asks nobody else for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from watchkeeper.cli import VERBS

ROOT = Path(__file__).parents[2]
ROLES = ("product-manager", "designer", "data-scientist", "data-engineer", "developer", "sre", "support", "legal")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does: a link that leads nowhere ends it."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place


def test_every_role_of_the_paper_has_its_page(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    for role in ROLES:
        assert f"roles/{role}.html" in home
        assert (site / "roles" / f"{role}.html").is_file()


def test_the_reference_has_every_command_and_error(site: Path) -> None:
    commands = (site / "reference" / "command-line.html").read_text(encoding="utf-8")
    for verb in VERBS:
        assert f"Usage: watchkeeper {verb}" in commands
    assert "GuardError" in (site / "reference" / "errors.html").read_text(encoding="utf-8")
    assert "false_alerts_per_month" in (site / "reference" / "python.html").read_text(encoding="utf-8")


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"?([^\" >]+)", page.read_text(encoding="utf-8"))
        assert [address for address in loaded if "://" in address or address.startswith("//")] == [], page.name
