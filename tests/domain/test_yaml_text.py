"""YAML from people and programs is read within bounds: what cannot be taken is named with its line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.yaml_text import DEEPEST, read_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5_000))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: " + "[" * 3_000, 2, "nests more than"),
        ("a: 1\nb: " + "{a: " * 3_000, 2, "nests more than"),
        ("- " * 3_000, 1, "nests more than"),
        (CHAIN, DEEPEST - 1, "nests more than"),
        (BOMB, 7, "aliases repeat"),
        ("a: &a {k: v}\nb: {<<: *a}", 2, "<< is not taken"),
        ("a: &a\n  b: *a", 2, "an alias stands within what it names"),
        ("a: 1\nb: " + "9" * 5_000, 2, "999999.*not a number of 64 bits"),
        ("a: 9223372036854775808", 1, "not a number of 64 bits"),
        ("a: 1\nb: .inf", 2, ".inf is not a number of 64 bits"),
        ("a: 1\nb: [1, -.inf]", 2, "-.inf is not a number of 64 bits"),
        ("a: 1\nb: .nan", 2, ".nan is not a number of 64 bits"),
        ("a: 1e999", 1, None),
        ("a: 1.0e+999", 1, "1.0e.999 is not a number"),
        ('a: 1\nb: "\\ud800"', 2, "half a surrogate pair"),
        ('a: 1\nb: "x\\0"', 2, "a NUL"),
        ('a: 1\n"\\0": 2', 2, "a NUL"),
        ('a: "\\U00110000"', None, "not readable as YAML"),
        ("a: \ud800", None, "not readable as YAML"),
        ("a: !!int nonsense", 1, "this is no int"),
        ("a: !!int ''", 1, "this is no int"),
        ("a: !!bool nonsense", 1, "this is no bool"),
        ("a: !!timestamp nonsense", 1, "this is no timestamp"),
        ("a: 1\na: 2", 2, "'a' is given twice"),
        ("? [a]\n: 2", 1, "unhashable"),
    ],
)
def test_what_cannot_be_taken_is_named_with_its_line(text: str, line: int | None, says: str | None) -> None:
    if says is None:
        assert read_yaml(text, "shop.yaml")[0] == {"a": "1e999"}  # to YAML 1.1 no number, but a text
        return
    with pytest.raises(ConfigError, match=says) as caught:
        read_yaml(text, "shop.yaml")
    assert str(caught.value).startswith("shop.yaml: " if line is None else f"shop.yaml:{line}: ")
    assert len(str(caught.value)) < 300


def test_what_is_usual_is_read() -> None:
    usual = {"a": [1, 2.5, True, None, "x", "2026-01-01", 2**63 - 1, -0.5]}
    text = "common: &c {step: 1h, kind: count}\nb: *c\na: [1, 2.5, yes, ~, x, 2026-01-01, 9223372036854775807, -0.5]"
    assert (
        read_yaml(text, "x")[0]
        == {"common": {"step": "1h", "kind": "count"}, "b": {"step": "1h", "kind": "count"}} | usual
    )
    assert read_yaml("", "x") == (None, None)


def test_as_many_levels_as_may_be_can_be_walked() -> None:
    at_most = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    repr(read_yaml(f"a: {at_most}", "x"))
    with pytest.raises(ConfigError, match="a mapping with"):
        parse_config(at_most)
    with pytest.raises(ConfigError, match=r"sources\.a: expected settings, found a list"):
        parse_config(f"sources: {{a: {at_most[2:-2]}}}")


def test_a_common_block_may_be_repeated_in_ten_thousand_metrics() -> None:
    text = "common: &c {step: 1h, kind: count, timezone: Europe/Berlin}\nlist:\n" + "- *c\n" * 10_000
    assert len(read_yaml(text, "x")[0]["list"]) == 10_000


ALPHABET = st.sampled_from(
    [
        *"abc0:-[]{},&*!|>'\"\n #?%@\\",
        "  ",
        "\n  ",
        "\n- ",
        ": ",
        "<<: ",
        "&a ",
        "*a",
        "!!int ",
        "\\x",
        "\t",
        "é",
        "\0",
        "\ud800",
    ]
)


@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        read_yaml(text, "x")
