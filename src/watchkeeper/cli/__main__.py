"""`python -m watchkeeper.cli`."""

from watchkeeper.cli import main

main(prog_name="watchkeeper")
