"""`python -m benchmarks`: measure quality and speed, print the tables, and write them into docs/benchmarks.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import pages, quality, speed

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--bench", type=Path, default=ROOT.parent / "shared" / "bench", help="folder of the labelled data"
    )
    parser.add_argument(
        "--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="page to write the tables into"
    )
    parser.add_argument("--no-write", action="store_true", help="print only")
    arguments = parser.parse_args()
    sections = {"speed": speed.measure()}
    print(sections["speed"], end="\n\n", flush=True)
    if quality.is_there(arguments.bench):
        sections["quality"] = quality.measure(arguments.bench)
        print(sections["quality"])
    else:
        print(
            f"There is no labelled data in {arguments.bench}: quality was not measured. Name its folder with --bench."
        )
    if not arguments.no_write:
        pages.write(arguments.page, sections)
        print(f"\nWritten into {arguments.page}.")


if __name__ == "__main__":
    main()
