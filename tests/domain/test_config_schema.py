"""The schema for editors accepts what `apply` accepts, and marks what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from tests.domain.test_config import GOOD
from watchkeeper import demo
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.config_schema import config_schema
from watchkeeper.domain.errors import ConfigError


def complaints(text: str) -> list[str]:
    plain = yaml.load(text, Loader=_TextDates)
    return [error.message for error in Draft202012Validator(config_schema()).iter_errors(plain)]


class _TextDates(yaml.SafeLoader):
    """Dates are text, as editors read them."""


_TextDates.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def test_it_is_a_schema_and_the_verb_prints_it() -> None:
    Draft202012Validator.check_schema(config_schema())
    assert json.loads(CliRunner().invoke(main, ["schema"]).stdout) == json.loads(json.dumps(config_schema()))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        (Path(demo.__file__).parent / "flights.yaml").read_text(encoding="utf-8"),
        "{}",
        """
segments: {staff: {when: {mail: {ends_with: "@example.com"}}}}
flags:
  ranking:
    variants: {model: true, basic: false}
    default: model
    fallback: basic
    rules: [{when: {segment: staff}, serve: model}, {when: {}, rollout: {model: 5, basic: 95}}]
    guard: {mode: act, trips: [{metric: orders, below: 5, points: 2}], hold_off: 2h}
""",
        "sources:\ndefaults:\nmetrics:\nchannels:\n",
        GOOD.replace(
            "kind: count", "kind: count, dimensions: [country], smallest_change: 3, false_alerts_per_month: 2"
        ),
    ],
)
def test_what_apply_accepts_is_not_marked(text: str) -> None:
    parse_config(text)
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("kind: count", "kind: number"), "'number' is not one of"),
        (("kind: count", "colour: red"), "'colour' was unexpected"),
        (("kind: count", "smallest_change: much"), "'much' is not of type 'number'"),
        (("channels:", "chanels:"), "'chanels' was unexpected"),
        (('{url: "textfile:///tmp/team.txt"}', "{}"), "'url' is a required property"),
    ],
)
def test_what_apply_refuses_is_marked(change: tuple[str, str], says: str) -> None:
    text = GOOD.replace(*change)
    with pytest.raises(ConfigError):
        parse_config(text)
    assert any(says in one for one in complaints(text)), complaints(text)
