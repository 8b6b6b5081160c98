"""A guarded roll-out widens one step at a time, rolls back once, and never flaps."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flags.test_sequential import a_rollout
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.flag import Flag
from watchkeeper.domain.rollout import KeyMetric, Mode, Rollout
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.flags import Board, Course, Look, Move, RolloutState, evaluate, sequential
from watchkeeper.flags.rollout import abort, advance, answer, begin, pause, rehearse, resume

KEY = KeyMetric(successes="orders", trials="visits", largest_harm=0.01)
GOOD = (Look(estimate=0.0, lower=-0.005, upper=0.005),)
WIDE = (Look(estimate=0.0, lower=-0.04, upper=0.04),)
WORSE = (Look(estimate=-0.03, lower=-0.05, upper=-0.015),)
NOTHING = (Look(),)


def plan(**settings: object) -> Rollout:
    return Rollout(**{"variant": "model", "metrics": (KEY,), "mode": Mode.ACT, "steps": (1, 10, 50, 100)} | settings)


def run(one: Rollout, looks: list[tuple[Look, ...]], state: RolloutState | None = None, start: int = DAY):
    """A tick each twelve hours; steps last a day."""
    state, moves = state or RolloutState(), []
    for tick, seen in enumerate(looks):
        state, move = advance(one, state, seen, start + tick * 12 * HOUR)
        if move is not None:
            moves.append((tick, move))
    return state, moves


def test_it_widens_step_by_step_while_the_test_holds():
    state, moves = run(plan(), [GOOD] * 20)
    assert moves == [(0, Move.BEGAN), (2, Move.WIDENED), (4, Move.WIDENED), (6, Move.COMPLETED)]
    assert state.share(plan()) == 100


def test_a_wide_interval_is_enough_for_a_small_step_only():
    """The worse end, -4 points, for a tenth of the users costs all of them 0.4 points; for half of them 2."""
    state, moves = run(plan(), [WIDE] * 20)
    assert moves == [(0, Move.BEGAN), (2, Move.WIDENED)]
    assert run(plan(), [GOOD], state, 20 * DAY)[1] == [(0, Move.WIDENED)]


def test_without_evidence_it_waits():
    assert run(plan(), [NOTHING] * 50)[1] == [(0, Move.BEGAN)]


def test_a_clear_harm_rolls_back_at_once_and_it_stays_so():
    state, moves = run(plan(), [GOOD, GOOD, GOOD, WORSE, *[GOOD] * 30])
    assert moves[-1] == (3, Move.ROLLED_BACK)
    assert state.share(plan()) == 0
    assert state.cause == "orders of visits"
    again, move = resume(plan(), state, 99 * DAY)
    assert (again.share(plan()), again.began_at, move) == (1, 99 * DAY, Move.BEGAN)


def test_where_less_is_better_the_upper_end_is_the_worse_one():
    key = KeyMetric(mean="latency", largest_harm=5.0, better="down")
    slow = (Look(estimate=20.0, lower=8.0, upper=30.0),)
    assert run(plan(metrics=(key,)), [slow, slow])[1][-1] == (1, Move.ROLLED_BACK)
    fast = (Look(estimate=-20.0, lower=-30.0, upper=-8.0),)
    assert run(plan(metrics=(key,)), [fast] * 9)[1][-1][1] is Move.COMPLETED


def test_a_harm_that_is_accepted_rolls_nothing_back():
    slight = (Look(estimate=-0.005, lower=-0.008, upper=-0.002),)
    assert run(plan(), [slight] * 9)[1][-1][1] is Move.COMPLETED
    strict = plan(metrics=(msgspec.structs.replace(KEY, largest_harm=0.0),))
    assert run(strict, [slight] * 9)[1][-1] == (1, Move.ROLLED_BACK)


def test_asking_changes_nothing_until_a_person_says_yes():
    one = plan(mode=Mode.ASK)
    state, moves = run(one, [GOOD] * 9)
    assert moves == [(0, Move.BEGAN), (2, Move.ASKED_TO_WIDEN)]
    assert state.share(one) == 1
    wider, move = answer(one, state, is_yes=True, now=9 * DAY)
    assert (wider.share(one), move) == (10, Move.WIDENED)
    later, _ = answer(one, state, is_yes=False, now=9 * DAY)
    assert run(one, [GOOD] * 3, later, 9 * DAY)[1] == [(2, Move.ASKED_TO_WIDEN)]


def test_asked_about_harm_a_yes_rolls_back_and_a_no_accepts_it():
    one = plan(mode=Mode.ASK)
    state, moves = run(one, [GOOD, WORSE, WORSE])
    assert moves[-1] == (1, Move.ASKED_TO_ROLL_BACK)
    assert answer(one, state, is_yes=True, now=9 * DAY)[0].course is Course.ROLLED_BACK
    accepted, _ = answer(one, state, is_yes=False, now=9 * DAY)
    assert run(one, [WORSE] * 5, accepted, 9 * DAY)[1] == []
    assert run(one, [GOOD], state, 9 * DAY)[1] == [(0, Move.WITHDREW)]


def test_a_pause_stops_widening_but_not_rolling_back():
    state, _ = run(plan(), [GOOD])
    paused, move = pause(state)
    assert move is Move.PAUSED
    assert run(plan(), [GOOD] * 9, paused, 9 * DAY)[1] == []
    assert run(plan(), [WORSE], paused, 9 * DAY)[1] == [(0, Move.ROLLED_BACK)]
    going, _ = resume(plan(), paused, 9 * DAY)
    assert run(plan(), [GOOD] * 3, going, 9 * DAY)[1] == [(2, Move.WIDENED)]


def test_an_abort_takes_it_from_everybody():
    state, _ = run(plan(), [GOOD] * 4)
    aborted, move = abort(state, 9 * DAY)
    assert (aborted.share(plan()), move) == (0, Move.ABORTED)
    assert run(plan(), [GOOD] * 9, aborted, 9 * DAY)[1] == []


def test_time_at_the_fallback_does_not_count_as_a_step():
    state, _ = run(plan(), [GOOD])
    for hour in range(1, 100):
        state, move = advance(plan(), state, GOOD, DAY + hour * HOUR, is_held=True)
        assert move is None
    assert run(plan(), [GOOD] * 3, state, DAY + 100 * HOUR)[1] == [(2, Move.WIDENED)]


def test_another_variant_or_an_end_of_observing_begins_anew():
    state, _ = run(plan(mode=Mode.OBSERVE), [GOOD] * 5)
    assert not state.is_real
    assert run(plan(), [GOOD], state, 9 * DAY)[1] == [(0, Move.BEGAN)]


@given(st.lists(st.sampled_from([GOOD, WIDE, WORSE, NOTHING]), max_size=80), st.sampled_from(list(Mode)))
def test_it_only_ever_widens_by_one_step_or_ends(seen, mode):
    one, state, shares = plan(mode=mode), RolloutState(), []
    for tick, looks in enumerate(seen):
        now = (tick + 1) * 12 * HOUR
        state, _ = advance(one, state, looks, now)
        assert advance(one, state, looks, now)[1] in (
            (None,) if tick else (None, Move.ROLLED_BACK, Move.ASKED_TO_ROLL_BACK)
        )
        assert msgspec.json.decode(msgspec.json.encode(state), type=RolloutState) == state
        shares.append(state.share(one))
    steps = [0.0, *one.steps]
    for before, after in pairwise(shares):
        assert after == 0 or after == before or steps.index(after) == steps.index(before) + 1
        assert after == 0 if before == 0 else True  # over is over


def looks_of(found: sequential.Intervals) -> list[tuple[int, tuple[Look, ...]]]:
    rows = zip(found.estimate, found.lower, found.upper, strict=True)
    return [((hour + 1) * HOUR, (Look(estimate=a, lower=b, upper=c),)) for hour, (a, b, c) in enumerate(rows)]


def test_a_rehearsal_of_the_past_is_what_was_done_then():
    rng = np.random.default_rng(3)
    found = sequential.of_shares(*a_rollout(rng, 0.2, -0.03), alpha=0.05, least=100)
    state, done = RolloutState(), []
    for now, looks in looks_of(found):
        state, move = advance(plan(), state, looks, now)
        if move is not None:
            done.append((now, move, state.share(plan())))
    assert rehearse(plan(mode=Mode.OBSERVE), looks_of(found)) == done
    assert done[-1][1] is Move.ROLLED_BACK


def test_over_many_roll_outs_a_harmless_one_is_hardly_ever_rolled_back_and_a_harmful_one_always():
    rng, runs = np.random.default_rng(4), 150
    one = plan(steps=(1, 5, 20, 50), metrics=(msgspec.structs.replace(KEY, largest_harm=0.0),))

    def ends(effect: float) -> list[Move]:
        found = (sequential.of_shares(*a_rollout(rng, 0.1, effect), alpha=one.alpha, least=100) for _ in range(runs))
        return [rehearse(one, looks_of(each))[-1][1] for each in found]

    assert ends(0.0).count(Move.ROLLED_BACK) / runs <= one.chance_of_error
    assert set(ends(-0.04)) == {Move.ROLLED_BACK}


def flag(**settings: object) -> Flag:
    return Flag(
        name="ranking",
        variants={"model": True, "basic": False},
        default="basic",
        fallback="basic",
        **{"guarded_rollout": plan()} | settings,
    )


def test_who_has_the_variant_keeps_it_as_it_widens():
    users = [f"u{number}" for number in range(2000)]
    had: set[str] = set()
    for share in plan().steps:
        board = Board(flags={"ranking": flag()}, shares={"ranking": share})
        now = {user for user in users if evaluate(board, "ranking", {"targetingKey": user}, 0).value}
        assert had <= now
        assert len(now) == pytest.approx(share / 100 * len(users), abs=60)
        had = now
    board = Board(flags={"ranking": flag()}, shares={"ranking": 100.0})
    assert evaluate(board, "ranking", {}, 0).variant == "model"
    back = Board(flags={"ranking": flag()}, shares={"ranking": 0.0}, rolled_back={"ranking"})
    assert evaluate(back, "ranking", {}, 0).variant == "basic"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"steps": (5, 1)}, "larger than the one before"),
        ({"steps": (0, 1)}, "above 0"),
        ({"metrics": ()}, "names nothing"),
        ({"variant": "none"}, "no variant 'none'"),
        ({"variant": "basic"}, "compared with itself"),
        ({"chance_of_error": 1.0}, "between 0 and 1"),
        ({"least_time": "0s"}, "above 0"),
    ],
)
def test_a_wrong_plan_says_what_is_wrong(wrong, words):
    with pytest.raises(InputError, match=words):
        flag(guarded_rollout=plan(**wrong))


def test_a_key_metric_is_a_share_or_a_mean():
    for given_ in ({"successes": "a"}, {"mean": "a", "successes": "b", "trials": "c"}, {}):
        with pytest.raises(InputError, match="either successes with trials, or a mean"):
            KeyMetric(largest_harm=0.1, **given_)
    assert math.isnan(Look().lower)
    assert begin(plan(steps=(100,)), 1).course is Course.COMPLETED
