"""One check of a whole configuration against what stands: for plans, dry runs and applying alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from watchkeeper.domain import config_check as pure
from watchkeeper.domain.config import Config
from watchkeeper.domain.config_lines import Places
from watchkeeper.domain.errors import ConfigError, NotFoundError, WatchkeeperError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.sources.readers import reader_of
from watchkeeper.stores.ledger import assessments
from watchkeeper.watch import rollout


def check(
    tx: Connection, there: Config, config: Config, places: Places | None = None, *, is_pruned: bool = False
) -> list[tuple[str, str]]:
    """Kind and name of what would be removed, where what no file names `is_pruned`.

    Raises ConfigError with everything that is wrong, a line for each: file and line (as `places` has them), what, and
    the mend. Nothing is connected to.
    """
    places = places or Places()
    gone = pure.left_out(there, config) if is_pruned else []
    whole = pure.together(there, config, gone)
    problems = pure.lacking(config, whole, places)
    problems += _unreadable(config, {one.name: one for one in whole.sources}, places)
    problems += pure.dangling(config, whole, places, gone)
    problems += _unfit(config, {one.name: one for one in whole.metrics}, places)
    problems += _not_assessed(tx, config, places)
    if problems:
        raise ConfigError("\n".join(problems))
    return gone


def _unreadable(config: Config, sources: Mapping[str, Source], places: Places) -> Iterator[str]:
    for metric in config.metrics:
        source = sources.get(metric.source)
        if source is None or source.kind is SourceKind.PUSH or pure.what_lacks(metric, source.kind):
            continue
        try:
            reader_of(source).check(metric)
        except WatchkeeperError as error:
            said = str(error).removeprefix(f"metric {metric.name}: ")
            yield f"{places.of_error(said, 'metrics', metric.name)}metrics.{metric.name}: {said}"


def _unfit(config: Config, known: Mapping[str, Metric], places: Places) -> Iterator[str]:
    for flag in config.flags:
        for said in rollout.unfit(flag, known):
            yield f"{places.of_error(said, 'flags', flag.name)}flags.{flag.name}.{said}"


def _not_assessed(tx: Connection, config: Config, places: Places) -> Iterator[str]:
    for system in config.systems:
        if not system.assessment:
            continue
        try:
            assessments.get(tx, system.assessment)
        except NotFoundError:
            said = (
                f"assessment: there is no assessment {system.assessment} in this home; "
                "`watchkeeper assessments list` lists those there are, or leave it out"
            )
            yield f"{places.of_error(said, 'systems', system.name)}systems.{system.name}.{said}"
