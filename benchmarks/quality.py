"""Quality on labelled data: the files of shared/bench through `watchkeeper score`, judged by their score.py.

`python -m benchmarks.quality` prints it alone, `python -m benchmarks` with the rest.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.pages import table

FILES = ("nab", "cloud")
UP_ONLY = "^(application-crash-rate|middle-tier-api-dependency-latency)"
"""Series of the cloud set whose owners care for rises only (shared/bench/README.md)."""


def is_there(bench: Path) -> bool:
    """Whether the folder holds the labelled data."""
    return all((bench / name).exists() for name in ("score.py", "nab.parquet", "nab_windows.json", "cloud.parquet"))


def measure(bench: Path) -> str:
    """Score both files and report them as Markdown."""
    protocol = _protocol(bench)
    windows = json.loads((bench / "nab_windows.json").read_text())
    events, best, seconds = [], [], []
    nab: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            out = Path(folder) / f"{name}.parquet"
            took = _score(bench / f"{name}.parquet", out)
            series = protocol.load(str(out), str(bench / f"{name}.parquet"))
            events.append(_event_row(name, protocol.event_report(series, [one["alert"] for one in series])))
            best.append(_event_row(name, protocol.best_event_report(series)))
            seconds.append(f"{name}: {pq.read_metadata(out).num_rows:,} points in {took:.1f} s")
            if name == "nab":
                nab = protocol.nab_report(series, windows)
            else:
                series = protocol.load(str(_up_only(bench / "cloud.parquet", out)), str(bench / "cloud.parquet"))
                report = protocol.event_report(series, [one["alert"] for one in series])
                events.append(_event_row("cloud, crash rates and latencies upwards only", report))
    header = ("data", "precision", "recall", "F1", "false alerts per series and week", "hits / windows")
    return "\n\n".join(
        [
            "NAB score (standard / low FP / low FN): "
            f"**{nab['standard']:.1f} / {nab['low_fp']:.1f} / {nab['low_fn']:.1f}**",
            "Events, at the command's own alerts, default setting:",
            table(header, events),
            "Events, at the one threshold on score that gives the best F1 (chosen with the labels, an upper bound):",
            table(header, best),
            "The command as a process, reading, scoring and writing: " + "; ".join(seconds) + ".",
        ]
    )


def _protocol(bench: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_score", bench / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # The folder is not ours.
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def _score(source: Path, target: Path, *options: str) -> float:
    """Run the command; seconds it took."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "watchkeeper.cli", "score", str(source), str(target), *options],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def _up_only(source: Path, both: Path) -> Path:
    """The scores of `both`, with the series of `UP_ONLY` scored again for rises."""
    up = both.with_name("up.parquet")
    given = pq.read_table(source)
    part = both.with_name("part.parquet")
    pq.write_table(given.filter(pc.match_substring_regex(given["series"], UP_ONLY)), part)
    _score(part, up, "--direction", "up")
    scores = pq.read_table(both)
    rest = scores.filter(pc.invert(pc.match_substring_regex(scores["series"], UP_ONLY)))
    pq.write_table(pa.concat_tables([rest, pq.read_table(up)]), part)
    return part


def _event_row(name: str, report: dict[str, Any]) -> tuple[object, ...]:
    return (
        name,
        f"{report['precision']:.3f}",
        f"{report['recall']:.3f}",
        f"**{report['f1']:.3f}**",
        f"{report['false_alerts_per_series_week']:.2f}",
        f"{report['hits']} / {report['windows']}",
    )


if __name__ == "__main__":
    print(measure(Path(__file__).resolve().parents[2] / "shared" / "bench"))
