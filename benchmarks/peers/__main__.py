"""`python -m benchmarks.peers`: Watchkeeper and its peers on the same labelled points: quality, speed, memory.

Every peer runs in a process of its own on one core, one after the other, strictly causally: fitted on the past,
refitted at the interval the table states. A peer gets `--seconds-per-peer`; it takes the series shortest first, and
where it does not get through all of them the table says how many it saw and what Watchkeeper does on just those.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import pages
from benchmarks.peers import report, sample
from benchmarks.peers.roll import PEERS, Peer
from benchmarks.quality import _protocol, is_there

ROOT = Path(__file__).resolve().parents[2]
START_UP_S = 90.0
"""What a peer may take to import and warm up before its time begins."""
OVERTIME = 1.25
"""A series that takes longer than foreseen is dropped when so many times the seconds are over."""
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def main(arguments: list[str] | None = None) -> int:
    """Compare, print, and write the section and the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds-per-peer", type=float, default=60.0, help="time for scoring, each (60)")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--only", action="append", choices=[peer.slug for peer in PEERS[1:]], help="only these peers")
    parser.add_argument("--bench", type=Path, default=ROOT.parent / "shared" / "bench", help="folder of labelled data")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="page for the tables")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "pictures" / "peers.svg", help="the plot")
    parser.add_argument("--no-write", action="store_true", help="leave page and picture as they are")
    parser.add_argument("--partial", action="store_true", help="write also where a peer is missing")
    given = parser.parse_args(arguments)
    if not given.seconds_per_peer > 0:
        parser.error("--seconds-per-peer: must be above 0, such as 60")
    if not is_there(given.bench):
        print(f"There is no labelled data in {given.bench}: name its folder with --bench.", file=sys.stderr)
        return 2
    found = measure(
        given.bench,
        [peer for peer in PEERS if peer.is_ours or not given.only or peer.slug in given.only],
        given.seconds_per_peer,
    )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    section = report.section(found)
    print("\n" + section)
    absent = [peer["name"] for peer in found["peers"] if "not installed" in peer.get("problem", "")]
    if (given.only or absent) and not given.partial and not given.no_write:
        print("\nNot all peers were compared: nothing was written. --partial writes all the same.")
    elif not given.no_write:
        given.picture.parent.mkdir(parents=True, exist_ok=True)
        report.draw(found, given.picture)
        pages.write(given.page, {"peers": section})
        print(f"\nWritten into {given.page} and {given.picture}.")
    return 0


def measure(bench: Path, peers: list[Peer], seconds: float) -> dict[str, Any]:
    """Run all; the figures as plain data."""
    protocol = _protocol(bench)
    series = sample.read(bench)
    results: list[dict[str, Any]] = []
    ours: dict[int, tuple[Any, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        points = Path(folder) / "points.npz"
        sample.save(series, points)
        for peer in peers:
            result: dict[str, Any] = {"name": peer.name, "slug": peer.slug, "rule": peer.rule, "refit": peer.refit}
            results.append(result)
            if missing := peer.missing():
                result["problem"] = f"not installed: `pip install {' '.join(missing)}`, or all with the extra `bench`"
                _say(result)
                continue
            result["version"] = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in peer.needs)
            out = Path(folder) / peer.slug
            out.mkdir()
            if peer.is_ours:
                _run(peer, points, out, seconds)  # What it compiles once on a machine is no peer's business.
            result |= _run(peer, points, out, seconds)
            took: dict[int, float] = result.pop("done")
            scored = {k: (score := np.load(out / f"{k}.npy"), _alerts(peer, score, out, k)) for k in took}
            if peer.is_ours:
                ours = scored
            known = [k for k, (score, _) in scored.items() if np.isfinite(score).any()]
            result["points"] = sum(len(series[k].times) for k in known)
            result["seconds"] = sum(took[k] for k in known)
            if known:
                result["points_per_second"] = result["points"] / result["seconds"]
            else:
                result.setdefault("problem", f"scored nothing: {result['misfit']}")
            for data in sample.EVERY:
                result[data] = _judge(protocol, series, scored, ours, data)
            _say(result)
    return {
        "python": sys.version.split()[0],
        "seconds_per_peer": seconds,
        "points": sum(len(one.times) for one in series),
        "series": {data: sum(one.data == data for one in series) for data in sample.EVERY},
        "peers": results,
    }


def _run(peer: Peer, points: Path, out: Path, seconds: float) -> dict[str, Any]:
    """A worker's life: what it told, also where it failed or had to be ended."""
    command = [sys.executable, "-m", "benchmarks.peers.worker", peer.slug, str(points), str(out), str(seconds)]
    environment = os.environ | ONE_CORE | {"PYTHONHASHSEED": "0"}
    with (out / "errors").open("w+") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
        limit = _end_after(START_UP_S, process)
        told: list[dict[str, Any]] = []
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("@"):
                told.append(json.loads(line[1:]))
                if len(told) == 1:  # It is ready, and its time begins.
                    limit.cancel()
                    limit = _end_after(OVERTIME * seconds, process)
        code = process.wait()
        was_late = not limit.is_alive()
        limit.cancel()
        errors.seek(0)
        last_words = (errors.read().strip().splitlines() or [f"exit code {code}"])[-1]
    first = next((line for line in told if "ready_s" in line), {"ready_s": None, "is_causal": None})
    end = next((line for line in told if "stopped" in line), None)
    lines = [line for line in told if "series" in line]
    result: dict[str, Any] = first | {
        "done": {line["series"]: line["seconds"] for line in lines},
        "peak_mb": max((line["peak_mb"] for line in lines), default=None),
        "misfits": len(end["misfits"]) if end else None,
        "alone_s": end.get("alone_s") if end else None,
        "misfit": end["misfits"][0] if end and end["misfits"] else None,
    }
    if not lines:
        result["problem"] = "took too long for one series" if was_late else f"failed: {last_words[:160]}"
    elif end is None:
        result["note"] = (
            "ended at its time limit; the series it was at counts for nothing, nor does its time"
            if was_late
            else f"failed after {len(lines)} series: {last_words[:160]}"
        )
    return result


def _end_after(seconds: float, process: subprocess.Popen[str]) -> threading.Timer:
    """A timer that ends the process and what it started."""
    timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    return timer


def _alerts(peer: Peer, scores: Any, out: Path, place: int) -> Any:
    return np.load(out / f"{place}.alert.npy") if peer.is_ours else peer.alerts(scores)


def _judge(
    protocol: Any, series: list[sample.Labelled], scored: dict[int, Any], ours: dict[int, Any], data: str
) -> dict[str, Any] | None:
    """Quality on the series of a file that the peer saw, and Watchkeeper's on the same."""
    seen = [k for k in scored if series[k].data == data]
    if not seen:
        return None
    judged = [
        sample.judge(protocol, [series[k] for k in seen], [who[k][0] for k in seen], [who[k][1] for k in seen])
        for who in (scored, ours)
        if ours
    ]
    return {"series": len(seen), **judged[0], "ours_on_the_same": judged[-1]}


def _say(result: dict[str, Any]) -> None:
    rate = result.get("points_per_second")
    state = f"{rate:,.0f} points/s" if rate else result["problem"]
    print(f"{result['name']:38} {state}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
