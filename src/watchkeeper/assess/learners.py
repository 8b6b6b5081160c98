"""What is tried: from a constant to gradient boosting. Each is fitted on rows and tells of other rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.one_column import bin_means, binned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


Told = Callable[[Frame], Floats]
"""What a fitted learner is: rows in, predictions out (probability, one a class, or the number)."""


LEARNERS: dict[str, str] = {
    "constant": "the same for every row",
    "recent": "what it was last time",
    "group": "the average of the row's group",
    "rule": "the best single rule",
    "today": "what is done today",
    "linear": "a linear model",
    "boosting": "gradient boosting",
}
"""All that is tried, the simplest first."""

IS_RULE = ("constant", "recent", "group", "rule", "today")


def fits(frame: Frame) -> list[str]:
    """Which of them this data allows."""
    found = ["constant"]
    if frame.time is not None:
        found.append("recent")
    if any(frame.is_category) or (frame.entity is not None and frame.time is not None):
        found.append("group")
    if len(frame.names):
        found.append("rule")
    if frame.today is not None:
        found.append("today")
    return found + (["linear", "boosting"] if len(frame.names) else [])


def fit(name: str, train: Frame, seed: int = 0) -> tuple[Told, str]:
    """Fit one on its rows; with words that say what it does."""
    return _FITS[name](train, seed)


def _prior(train: Frame) -> Floats:
    """What is told of a row of which nothing is known: the mean, or the share of each class."""
    if train.task == "classes":
        return np.bincount(train.target.astype(np.int64), minlength=len(train.classes)) / max(len(train), 1)
    if train.task == "number":
        return np.array([float(np.median(train.target))])
    return np.array([float(np.mean(train.target))])


def _spread(train: Frame, count: int) -> Floats:
    prior = _prior(train)
    return np.tile(prior, (count, 1)) if train.task == "classes" else np.full(count, prior[0])


def _constant(train: Frame, seed: int) -> tuple[Told, str]:
    return (lambda rows: _spread(train, len(rows))), "always the same"


def _by_value(train: Frame, of_train: Floats, of_rows: Callable[[Frame], Floats], strength: float = 5.0) -> Told:
    """The mean target of the rows with the same value, drawn to the mean of all by `strength` rows."""
    wanted = np.unique(of_train[np.isfinite(of_train)])

    def code(values: Floats) -> Ints:
        place = np.minimum(np.searchsorted(wanted, values), max(len(wanted) - 1, 0))
        is_known = np.isfinite(values) & (wanted[place] == values if len(wanted) else False)
        return np.where(is_known, place, len(wanted))

    table = bin_means(code(of_train), len(wanted) + 1, _targets(train), strength)

    def told(rows: Frame) -> Floats:
        found = table[code(of_rows(rows))]
        return found if train.task == "classes" else found[:, 0]

    return told


def _targets(train: Frame) -> Floats:
    if train.task == "classes":
        return np.eye(len(train.classes))[train.target.astype(np.int64)]
    return train.target[:, None]


def _recent(train: Frame, seed: int) -> tuple[Told, str]:
    if train.task == "number":
        middle = float(np.median(train.target))
        return (lambda rows: np.where(np.isfinite(rows.recent), rows.recent, middle)), "the value before"
    whose = "of the same entity" if train.entity is not None else "of the row before"
    return _by_value(train, train.recent, lambda rows: rows.recent), f"as it was last time, {whose}"


def _group(train: Frame, seed: int) -> tuple[Told, str]:
    """The category (or the entity's own past) whose averages foretell the later part of the training rows best."""
    half = max(len(train) * 2 // 3, 1)
    early, late = train.take(np.arange(half)), train.take(np.arange(half, len(train)))
    best: tuple[float, Told, str] | None = None
    options: list[tuple[str, Callable[[Frame], Floats]]] = [
        (name, lambda rows, place=place: rows.values[:, place])  # type: ignore[misc]
        for place, name in enumerate(train.names)
        if train.is_category[place]
    ]
    for name, of in options:
        told = _by_value(early, of(early), of)
        miss = _miss(late, told(late)) if len(late) else 0.0
        if best is None or miss < best[0]:
            best = (miss, _by_value(train, of(train), of), f"the average of its {name}")
    if train.entity is not None and train.task != "classes":
        overall = float(np.mean(train.target))

        def own(rows: Frame) -> Floats:
            past = np.where(np.isfinite(rows.mean), rows.mean, 0.0)
            return (past * rows.count + overall * 5.0) / (rows.count + 5.0)

        miss = _miss(late, own(late)) if len(late) else 0.0
        if best is None or miss < best[0]:
            best = (miss, own, "the average of its own past")
    if best is None:
        return _constant(train, seed)
    return best[1], best[2]


def _miss(rows: Frame, told: Floats) -> float:
    return float(np.mean((_targets(rows) - (told if told.ndim == 2 else told[:, None])) ** 2))


def _rule(train: Frame, seed: int) -> tuple[Told, str]:
    """One column cut once (or one value of a category against the rest), where the squared error falls most."""
    targets = _targets(train)
    best_gain, best_place, best_cut = -1.0, 0, 0.0
    size: Floats
    sums: Floats
    total, n = targets.sum(axis=0), len(targets)
    for place in range(len(train.names)):
        column = train.values[:, place]
        if train.is_category[place]:
            cuts = np.unique(column[np.isfinite(column)])
            code = np.where(np.isfinite(column), column, len(cuts)).astype(np.int64)
            size = np.bincount(code, minlength=int(code.max()) + 1).astype(np.float64)
            sums = np.column_stack([np.bincount(code, each, minlength=len(size)) for each in targets.T])
            where: Floats = np.arange(len(size)).astype(np.float64)
        else:
            code, edges = binned(column, False, 64)
            size = np.cumsum(np.bincount(code, minlength=len(edges) + 2)[: len(edges)]).astype(np.float64)
            each_sum = [
                np.cumsum(np.bincount(code, each, minlength=len(edges) + 2)[: len(edges)]) for each in targets.T
            ]
            sums = np.column_stack(each_sum) if len(edges) else np.empty((0, targets.shape[1]))
            where = np.asarray(edges, dtype=np.float64)
        rest = n - size
        fair = (size >= 5) & (rest >= 5)
        if not fair.any():
            continue
        gain = (sums**2).sum(axis=1) / np.maximum(size, 1) + ((total - sums) ** 2).sum(axis=1) / np.maximum(rest, 1)
        gain = np.where(fair, gain, -1.0)
        if gain.max() > best_gain:
            at = int(gain.argmax())
            best_gain, best_place, best_cut = float(gain[at]), place, float(where[at])
    name, is_category = train.names[best_place], train.is_category[best_place]

    def side(rows: Frame) -> Floats:
        column = rows.values[:, best_place]
        return (column == best_cut if is_category else column <= best_cut).astype(np.float64)

    if is_category:
        known = train.categories[name]
        words = f"by whether {name} is {known[int(best_cut)] if int(best_cut) < len(known) else 'missing'}"
    else:
        words = f"by whether {name} is at most {best_cut:.4g}"
    return _by_value(train, side(train), side), words


def _today(train: Frame, seed: int) -> tuple[Told, str]:
    def raw(rows: Frame) -> Floats:
        assert rows.today is not None
        return rows.today

    if train.task == "number":
        middle = float(np.median(train.target))
        return (lambda rows: np.where(np.isfinite(raw(rows)), raw(rows), middle)), "the named column, as it stands"
    if len(np.unique(raw(train)[np.isfinite(raw(train))])) > 20:  # a score: as it stands, within 0 and 1
        return (lambda rows: np.clip(np.nan_to_num(raw(rows), nan=0.5), 0.0, 1.0)), "the named column, as it stands"
    return _by_value(train, raw(train), raw, strength=1.0), "the named column"


def _one_hot(train: Frame) -> Callable[[Frame], Floats]:
    """Numbers standardised, missing as the median with a mark; categories as 0/1 of at most 20 values."""
    numbers = [place for place, is_category in enumerate(train.is_category) if not is_category]
    texts = [place for place, is_category in enumerate(train.is_category) if is_category]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nan_to_num(np.nanmedian(train.values[:, numbers], axis=0)) if len(train) else np.zeros(len(numbers))
    filled = np.where(np.isnan(train.values[:, numbers]), middle, train.values[:, numbers])
    mean, deviation = filled.mean(axis=0), filled.std(axis=0)
    deviation[deviation == 0] = 1.0
    has_gaps = np.isnan(train.values[:, numbers]).any(axis=0)

    def design(rows: Frame) -> Floats:
        block = rows.values[:, numbers]
        parts = [np.clip((np.where(np.isnan(block), middle, block) - mean) / deviation, -8, 8)]
        parts.append(np.isnan(block[:, has_gaps]).astype(np.float64))
        for place in texts:
            column = rows.values[:, place]
            width = min(len(train.categories[train.names[place]]), 20)
            parts.append((column[:, None] == np.arange(width)[None, :]).astype(np.float64))
        return np.hstack(parts)

    return design


def _linear(train: Frame, seed: int) -> tuple[Told, str]:
    from sklearn.linear_model import LogisticRegression, Ridge

    design = _one_hot(train)
    if train.task == "number":
        model: Any = Ridge(alpha=1.0).fit(design(train), train.target)
        return (lambda rows: np.asarray(model.predict(design(rows)))), "ridge regression"
    if len(np.unique(train.target)) < 2:
        return _constant(train, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged in 200 steps is good enough for a first look
        model = LogisticRegression(max_iter=200).fit(design(train), train.target)
    return _probabilities(model, train, design), "logistic regression"


def _boosting(train: Frame, seed: int) -> tuple[Told, str]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if train.task != "number" and len(np.unique(train.target)) < 2:
        return _constant(train, seed)
    settings: dict[str, Any] = {
        "max_iter": 80 if len(train.classes) <= 4 else 40,
        "max_leaf_nodes": 15,
        "learning_rate": 0.1,
        "min_samples_leaf": min(20, max(len(train) // 20, 2)),
        "early_stopping": False,
        "random_state": seed,
        "categorical_features": np.array(train.is_category, dtype=bool) if any(train.is_category) else None,
    }
    kind = HistGradientBoostingRegressor if train.task == "number" else HistGradientBoostingClassifier
    model = kind(**settings).fit(train.values, train.target)
    if train.task == "number":
        return (lambda rows: np.asarray(model.predict(rows.values))), "trees, each mending the errors of those before"
    return _probabilities(model, train, lambda rows: rows.values), "trees, each mending the errors of those before"


def _probabilities(model: Any, train: Frame, design: Callable[[Frame], Floats]) -> Told:
    def told(rows: Frame) -> Floats:
        found = model.predict_proba(design(rows))
        if train.task == "binary":
            return np.asarray(found[:, 1])
        whole = np.zeros((len(rows), len(train.classes)))
        whole[:, model.classes_.astype(np.int64)] = found
        return whole

    return told


_FITS: dict[str, Callable[[Frame, int], tuple[Told, str]]] = {
    "constant": _constant,
    "recent": _recent,
    "group": _group,
    "rule": _rule,
    "today": _today,
    "linear": _linear,
    "boosting": _boosting,
}
