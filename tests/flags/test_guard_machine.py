"""A guard trips at once, returns slowly, and never flaps."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.flag import Guard, Mode, Trip
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.flags import GuardState, Reason, Signals, Standing, Step, advance, answer

TRIPS = (Trip(metric="accuracy"),)
BAD = Signals(trips=(Reason(words="an alert on accuracy", alert=7),))
FINE = Signals()


def guard(**settings: object) -> Guard:
    return Guard(**{"trips": TRIPS, "mode": Mode.ACT, "hold_off": "6h"} | settings)


def run(one: Guard, signals: list[Signals], state: GuardState | None = None, start: int = HOUR):
    state, steps = state or GuardState(), []
    for tick, seen in enumerate(signals):
        state, step = advance(one, state, seen, start + tick * HOUR)
        if step is not None:
            steps.append((tick, step))
    return state, steps


def test_the_first_bad_tick_trips():
    state, steps = run(guard(), [FINE, BAD])
    assert steps == [(1, Step.TRIPPED)]
    assert state.is_tripped
    assert state.alerts == (7,)


def test_it_returns_after_the_hold_off_and_not_before():
    _, steps = run(guard(), [BAD, FINE, FINE, FINE, BAD, *[FINE] * 8])
    assert steps == [(0, Step.TRIPPED), (11, Step.RETURNED)]


def test_a_return_that_did_not_last_waits_twice_as_long_the_next_time():
    _, steps = run(guard(), [BAD, *[FINE] * 7, BAD, *[FINE] * 20])
    assert [tick for tick, step in steps if step is Step.RETURNED] == [7, 21]


def test_the_shadow_has_to_agree_for_the_whole_hold_off():
    poor = Signals(may_return=False)
    _, steps = run(guard(), [BAD, FINE, FINE, poor, *[FINE] * 7])
    assert steps == [(0, Step.TRIPPED), (9, Step.RETURNED)]


def test_a_person_is_asked_before_the_return():
    one = guard(confirm_return=True)
    state, steps = run(one, [BAD, *[FINE] * 9])
    assert steps == [(0, Step.TRIPPED), (7, Step.ASKED_TO_RETURN)]
    assert state.is_tripped
    assert answer(one, state, is_yes=True, now=99 * HOUR)[1] is Step.RETURNED
    stays, step = answer(one, state, is_yes=False, now=99 * HOUR)
    assert stays.is_tripped
    assert step is None


def test_asking_changes_nothing_until_a_person_says_yes_and_no_holds_for_the_incident():
    one = guard(mode=Mode.ASK)
    state, steps = run(one, [BAD, BAD])
    assert steps == [(0, Step.ASKED_TO_TRIP)]
    assert not state.is_tripped
    assert answer(one, state, is_yes=True, now=3 * HOUR)[0].is_tripped
    declined, _ = answer(one, state, is_yes=False, now=3 * HOUR)
    assert run(one, [BAD, FINE, BAD], declined, 4 * HOUR)[1] == []
    assert run(one, [*[FINE] * 8, BAD], declined, 4 * HOUR)[1] == [(8, Step.ASKED_TO_TRIP)]


def test_a_question_is_withdrawn_when_its_reason_is_over():
    state, steps = run(guard(mode=Mode.ASK), [BAD, FINE])
    assert steps[-1] == (1, Step.WITHDREW)
    assert state.standing is Standing.SERVING


def test_observing_says_once_what_it_would_have_done():
    state, steps = run(guard(mode=Mode.OBSERVE), [BAD, FINE, BAD, BAD])
    assert steps == [(0, Step.WOULD_TRIP)]
    assert not state.is_tripped


def test_an_answer_without_a_question_does_nothing():
    assert answer(guard(), GuardState(), is_yes=True, now=1) == (GuardState(), None)


@given(st.lists(st.sampled_from([BAD, FINE, Signals(may_return=False)]), max_size=200), st.sampled_from(list(Mode)))
def test_it_never_returns_before_the_hold_off_and_never_serves_the_model_while_it_is_bad(signals, mode):
    one, state, last_bad, stood = guard(mode=mode), GuardState(), None, []
    for tick, seen in enumerate(signals):
        now = (tick + 1) * HOUR
        if seen.trips:
            last_bad = now
        state, step = advance(one, state, seen, now)
        assert advance(one, state, seen, now) == (state, None)  # the same tick again does nothing
        stood.append(state.is_tripped)
        if mode is Mode.ACT and seen.trips:
            assert state.is_tripped
        if step is Step.RETURNED:
            assert last_bad is not None
            assert now - last_bad >= one.hold_off_s
        assert msgspec.json.decode(msgspec.json.encode(state), type=GuardState) == state
    if mode is not Mode.ACT:
        assert not any(stood)


@pytest.mark.parametrize("seed", range(5))
def test_a_year_of_noise_flips_it_a_handful_of_times(seed: int):
    """Some 880 bad hours, strewn over the year at random: the hold-off and its doubling leave few flips."""
    noise = random.Random(seed)
    signals = [BAD if noise.random() < 0.1 else FINE for _ in range(365 * 24)]
    _, steps = run(guard(hold_off="1d"), signals)
    changes = [tick for tick, _ in steps]
    assert all(back - there >= DAY // HOUR for there, back in zip(changes[::2], changes[1::2], strict=False))
    assert len(changes) <= 8
