"""`watchkeeper` as a process: quick help, progress on a terminal, Ctrl-C, and the library's face."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import watchkeeper
from tests.cli.points import COLUMNS, column, same, scored, shuffled, table
from watchkeeper.cli import VERBS, main
from watchkeeper.cli.progress import progress

SOURCE = str(Path(watchkeeper.__file__).parents[1])
COMMAND = [sys.executable, "-m", "watchkeeper.cli"]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": SOURCE, "TERM": "xterm", "COLUMNS": "100"}


def test_the_command_is_a_process(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    done = subprocess.run(
        [*COMMAND, "score", "in.parquet", "out.csv"], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("out.csv: 480 points of 1 series scored")
    assert (tmp_path / "out.csv").read_text().count("\n") == 481
    failed = subprocess.run(
        [*COMMAND, "score", "no.csv", "x.csv"], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert (failed.returncode, failed.stdout) == (3, "")
    assert failed.stderr == "watchkeeper: no.csv: there is no such file\n"


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = """
import sys
from watchkeeper.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"numpy", "numba", "pyarrow", "duckdb", "sqlalchemy", "rich", "litestar"} & set(sys.modules)
assert not heavy, heavy
"""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment(), check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.6, "0.1 s on an idle machine; the rest is for busy ones"


def test_help_shows_every_verb_with_examples() -> None:
    text = CliRunner().invoke(main, ["--help"]).output
    for verb, (_, line) in VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(line)}$", text, re.MULTILINE)
    assert "Examples:" in text
    text = CliRunner().invoke(main, ["score", "--help"]).output
    for word in ("Examples:", "--false-alerts-per-month", "--feedback", "--json", "F.jsonl", "given_at"):
        assert word in text


def test_the_version_is_the_packages() -> None:
    try:
        version = metadata.version("watchkeeper")
    except metadata.PackageNotFoundError:
        pytest.skip("watchkeeper is not installed, only on the path")
    assert CliRunner().invoke(main, ["--version"]).output == f"watchkeeper {version}\n"
    assert watchkeeper.__version__ == version


def test_an_unknown_verb_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["scroe"])
    assert result.exit_code == 2
    assert "No such command 'scroe'" in result.output


def test_progress_shows_on_a_terminal_and_goes(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "score", "in.parquet", "out.parquet"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
    )
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # The terminal ends with an error when its last writer goes.
        while piece := os.read(leader, 1 << 16):
            shown += piece
    os.close(leader)
    told, _ = process.communicate()
    assert process.returncode == 0
    assert b"scoring" in shown
    assert "points of 1 series scored" in told
    assert "scoring" not in told


def test_progress_is_silent_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as report:
        report("scoring", 1, 2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_process_leaves_no_file(tmp_path: Path, number: int) -> None:
    """The process stops itself in the middle of writing, as Ctrl-C or a service manager would."""
    pq.write_table(table(), tmp_path / "in.parquet")
    code = f"""
import os, signal, sys
import pyarrow.parquet as pq
def slow(table, sink, **options):
    sink.write(b"half")
    sink.flush()
    os.kill(os.getpid(), {int(number)})
    signal.pause()
pq.write_table = slow
from watchkeeper.cli import main
main(["score", "in.parquet", "out.parquet"], prog_name="watchkeeper")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "watchkeeper: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_the_library_is_the_command(tmp_path: Path) -> None:
    given, _ = shuffled(table())
    out = watchkeeper.score(given, false_alerts_per_month=2)
    assert isinstance(out, pa.Table)
    assert out.column_names == COLUMNS
    assert same(out, scored(tmp_path, given, "--false-alerts-per-month", "2"))
    assert column(out, "alert").any()


def test_the_library_refuses_by_name() -> None:
    with pytest.raises(watchkeeper.InputError, match="table: needs one column ts; there are series, value"):
        watchkeeper.score(table().drop_columns("ts"))
    for budget in (0, -1, float("nan"), float("inf")):
        with pytest.raises(watchkeeper.WatchkeeperError, match=r"false_alerts_per_month: .* is not above 0"):
            watchkeeper.score(table(), false_alerts_per_month=budget)
    with pytest.raises(watchkeeper.InputError, match="direction: 'sideways' is not one of both, up, down"):
        watchkeeper.score(table(), direction="sideways")  # type: ignore[arg-type]


def test_the_librarys_face_is_what_all_says_and_loads_late() -> None:
    code = (
        "import sys, watchkeeper; assert not {'numpy', 'click', 'msgspec'} & set(sys.modules); print(*dir(watchkeeper))"
    )
    shown = subprocess.run([sys.executable, "-c", code], env=environment(), check=True, capture_output=True, text=True)
    assert shown.stdout.split() == sorted(watchkeeper.__all__)
    for name in set(watchkeeper.__all__) - {"__version__"}:
        assert getattr(watchkeeper, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = watchkeeper.nothing  # type: ignore[attr-defined]
