"""Who is served what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.flag import Flag, Override, Rule, Segment
from watchkeeper.flags import Board, bucket, evaluate

NOW = 1_000_000
PLAIN = Flag(name="ranking", variants={"model": True, "basic": False}, default="model", fallback="basic")


def flag(**settings: object) -> Flag:
    return Flag(
        **{"name": "ranking", "variants": {"model": True, "basic": False}, "default": "model", "fallback": "basic"}
        | settings
    )


def ask(one: Flag, context: dict[str, object] | None = None, **board: object):
    return evaluate(Board(flags={one.name: one}, **board), one.name, context or {}, NOW)


def test_without_rules_everybody_gets_the_default():
    found = ask(PLAIN)
    assert (found.variant, found.value, found.reason) == ("model", True, "STATIC")


def test_a_flag_that_is_not_there_is_an_error():
    assert evaluate(Board(), "nothing", {}, NOW).error == "FLAG_NOT_FOUND"


def test_a_disabled_flag_leaves_the_code_its_own_default():
    found = ask(flag(is_enabled=False), tripped={"ranking": "x"})
    assert (found.has_value, found.reason) == (False, "DISABLED")


def test_a_tripped_flag_gives_everybody_the_fallback_whatever_the_rules_say():
    one = flag(rules=(Rule(when={"country": "DE"}, serve="model"),))
    assert ask(one, {"country": "DE"}, tripped={"ranking": "accuracy fell"}).variant == "basic"


def test_an_override_wins_over_a_trip_until_it_expires():
    tripped = {"tripped": {"ranking": "x"}}
    until = {"ranking": Override(variant="model", until=NOW + 1, by="Ada")}
    assert ask(PLAIN, overrides=until, **tripped).variant == "model"
    over = {"ranking": Override(variant="model", until=NOW, by="Ada")}
    assert ask(PLAIN, overrides=over, **tripped).variant == "basic"


@pytest.mark.parametrize(
    ("when", "fits", "does_not"),
    [
        ({"country": "DE"}, {"country": "DE"}, {"country": "FR"}),
        ({"country": ["DE", "AT"]}, {"country": "AT"}, {}),
        ({"country": {"not_in": ["DE"]}}, {}, {"country": "DE"}),
        ({"age": {"at_least": 18, "below": 65}}, {"age": 18}, {"age": 65}),
        ({"age": {"above": 18}}, {"age": 18.5}, {"age": "30"}),
        ({"age": {"at_most": 1}}, {"age": 1}, {"age": True}),
        ({"mail": {"ends_with": "@example.com"}}, {"mail": "a@example.com"}, {"mail": 3}),
        ({"mail": {"starts_with": "a", "contains": "@"}}, {"mail": "a@b"}, {"mail": "b@a"}),
        ({"roles": {"contains": "staff"}}, {"roles": ["staff"]}, {"roles": []}),
        ({"beta": {"exists": True}}, {"beta": False}, {}),
        ({"beta": {"is_not": True}}, {"beta": 1}, {"beta": True}),
        ({"beta": {"is": True}}, {"beta": True}, {"beta": 1}),
        ({"segment": "staff"}, {"mail": "x@example.com"}, {"mail": "x@example.org"}),
        ({"segment": ["nobody", "staff"]}, {"mail": "x@example.com"}, {}),
    ],
)
def test_conditions(when: dict[str, object], fits: dict[str, object], does_not: dict[str, object]):
    segments = {"staff": Segment(name="staff", when={"mail": {"ends_with": "@example.com"}})}
    one = flag(rules=(Rule(when=when, serve="basic"),))
    found = ask(one, fits, segments=segments)
    assert (found.variant, found.reason) == ("basic", "TARGETING_MATCH")
    assert ask(one, does_not, segments=segments).variant == "model"


def test_a_share_needs_to_know_who_asks():
    one = flag(rollout={"model": 20, "basic": 80})
    assert ask(one).error == "TARGETING_KEY_MISSING"
    assert ask(flag(rollout={"model": 20, "basic": 80}, bucket_by="company")).error == "INVALID_CONTEXT"
    assert ask(one, {"targetingKey": "u1"}).reason == "SPLIT"


@given(st.text(min_size=1), st.floats(0, 100), st.floats(0, 100))
def test_widening_a_share_takes_nobody_out_of_it(user: str, one: float, other: float):
    small, large = sorted((one, other))
    context = {"targetingKey": user}
    before = ask(flag(rollout={"model": small, "basic": 100 - small}), context).variant
    after = ask(flag(rollout={"model": large, "basic": 100 - large}), context).variant
    assert (before, after) != ("model", "basic")


def test_shares_are_met_and_flags_are_independent():
    one = flag(rollout={"model": 20, "basic": 80})
    users = [f"user-{number}" for number in range(20_000)]
    chosen = {user for user in users if ask(one, {"targetingKey": user}).variant == "model"}
    assert 0.19 < len(chosen) / len(users) < 0.21
    low = {user for user in users if bucket("other", user) < 20_000}
    assert 0.17 < len(chosen & low) / len(low) < 0.23


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"default": "best"}, "no variant 'best'"),
        ({"fallback": "none"}, "no variant 'none'"),
        ({"variants": {"model": True, "basic": "no"}}, "several types"),
        ({"variants": {}}, "at least one"),
        ({"rollout": {"model": 20, "basic": 20}}, "40 percent"),
        ({"rollout": {"model": 120, "basic": -20}}, "between 0 and 100"),
        ({"rules": (Rule(when={}),)}, "either serve or rollout"),
        ({"rules": (Rule(when={"a": {"like": 1}}, serve="basic"),)}, "no such operator"),
        ({"rules": (Rule(when={"a": {"above": "x"}}, serve="basic"),)}, "give a number"),
        ({"name": "a b"}, "letters, digits"),
    ],
)
def test_a_flag_that_cannot_be_is_refused(settings: dict[str, object], says: str):
    with pytest.raises(InputError, match=says):
        flag(**settings)
