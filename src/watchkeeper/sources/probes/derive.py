"""A system's record, with its reference where it is known, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from watchkeeper.domain.metric import Metric
from watchkeeper.domain.system import System
from watchkeeper.sources.probes import inputs, predictions
from watchkeeper.sources.probes.reference import Reference


def derive(system: System, reference: Reference | None = None) -> tuple[Metric, ...]:
    """The metrics that watch a system. Without its reference, those that need none.

    Those of an input are one family, those of predictions and quality another that depends on every input.
    """
    found = [*_of_inputs(system, reference)]
    if system.predictions is not None:
        found += predictions.of_predictions(system, system.predictions, reference)
    return tuple(found)


def _of_inputs(system: System, reference: Reference | None) -> Iterator[Metric]:
    for name, one in system.inputs.items():
        yield from inputs.of_input(system, name, one, reference.inputs.get(name) if reference else None)
