"""The measurement that documents name: a guard with a shadow comparison does not flap where a plain switch does."""

from __future__ import annotations

import pytest
from benchmarks import flaps


def test_a_shadow_comparison_ends_flapping(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.argv", ["flaps", "--years", "3"])
    flaps.main()
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[2:]]
    counted = {name.strip(): float(cells[1].split()[0]) for name, *cells in rows}
    assert counted["switch without memory"] > 5
    assert counted["guard, 6 h and shadow comparison"] == 0
