"""Made-up tables for assessments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from watchkeeper.assess.record import Assessment


def visits(n: int = 1500, *, truth: str = "rule", seed: int = 0) -> pa.Table:
    """Visits of users over a year. `bought` follows one cut (`rule`), an interaction (`both`), or nothing (`noise`)."""
    rng = np.random.default_rng(seed)
    amount, age = rng.normal(size=n), rng.normal(size=n)
    score = {"rule": 3.0 * (amount > 0.3) - 1.5, "both": 3.0 * np.sign(amount * age), "noise": np.zeros(n)}[truth]
    bought = rng.random(n) < 1 / (1 + np.exp(-score))
    at = 1_750_000_000 + np.sort(rng.integers(0, 365 * 86_400, n))
    return pa.table(
        {
            "at": pa.array(at, pa.timestamp("s", tz="UTC")),
            "user": [f"u{one}" for one in rng.integers(0, 60, n)],
            "bought": bought.astype(int),
            "amount": amount,
            "age": age,
            "shop": [("north", "south", "east")[one] for one in rng.integers(0, 3, n)],
        }
    )


VISITS = Assessment(data="in.parquet", row="one visit", target="bought", time="at", entity="user", metric="roc_auc")
