"""The measurement of drift runs, and finds the feature that was moved."""

from __future__ import annotations

import pytest
from benchmarks import drift


def test_the_moved_feature_is_found(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.argv", ["drift", "--rows", "20000", "--features", "3"])
    drift.main()
    out = capsys.readouterr().out
    assert "3 features x 20,000 rows, 3 distances, 90 values" in out
    assert "the feature that was moved: f0" in out
