"""Privacy: personal data, what gives protected attributes away, who could be found again, fairness, and the GDPR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from watchkeeper.assess.frame import Frame, codes
from watchkeeper.assess.heuristics import Trials
from watchkeeper.assess.inference import Inference, infer
from watchkeeper.assess.learners import LEARNERS
from watchkeeper.assess.metrics import threshold
from watchkeeper.assess.personal import Personal, personal_columns
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent
from watchkeeper.assess.withholding import (
    MOST_COLUMNS,
    Withheld,
    base_columns,
    lost,
    withheld_plot,
    withheld_table,
    withhold,
)

if TYPE_CHECKING:
    import pyarrow as pa

K = 5
"""A row whose quasi-identifiers fewer than five rows share can be found again (Sweeney 2002: k-anonymity)."""
QUASI_KINDS = ("address", "age", "date of birth", "gender", "place on Earth")
MIN_GROUP = 30
FOUR_FIFTHS = 0.8
_PERSONS = re.compile(
    r"person|people|user|customer|client|patient|employee|worker|subscriber|member|driver|student|pupil|citizen|couple|"
    r"guest|passenger|applicant|respondent|household|insured",
    re.IGNORECASE,
)
"""Words by which a record says that its rows are of persons."""


def is_of_persons(record: Assessment) -> bool:
    """Whether the record says that rows are of persons: by what a row or an entity is, or by protected attributes."""
    return bool(record.protected or _PERSONS.search(f"{record.row} {record.entity or ''}"))


def group_sizes(rows: pa.Table, columns: tuple[str, ...]) -> np.ndarray:
    """For each row, how many rows share its values in these columns."""
    key = np.zeros(rows.num_rows, dtype=np.int64)
    for column in columns:
        code, seen = codes(rows[column])
        key = np.unique(key * (len(seen) + 1) + code + 1, return_inverse=True)[1].ravel()
    return np.bincount(key)[key]


def group_rates(
    frame: Frame, group: np.ndarray, names: list[Any], trials: Trials, record: Assessment
) -> list[dict[str, Any]]:
    """For each group of at least 30 rows told: its rows, share of yes, share found, share falsely named, errors."""
    rows = frame.take(trials.rows)
    told = trials.told[trials.best_model]
    of = group[trials.rows]
    found = []
    for code in np.unique(of[of >= 0]):
        which = of == code
        if which.sum() < MIN_GROUP:
            continue
        y = rows.target[which]
        line: dict[str, Any] = {"group": str(names[code]), "rows": int(which.sum())}
        if rows.task == "binary":
            said = (
                told[which] >= max(threshold(record.costs), 0.0)
                if trials.metric == "cost"
                else told[which] >= rows.target.mean()
            )
            line |= {
                "selected": float(said.mean()),
                "found": float(said[y == 1].mean()) if (y == 1).any() else None,
                "falsely": float(said[y == 0].mean()) if (y == 0).any() else None,
            }
        elif rows.task == "number":
            line |= {"distance": float(np.abs(y - told[which]).mean()), "bias": float((told[which] - y).mean())}
        else:
            line |= {"wrong": float((told[which].argmax(axis=1) != y).mean())}
        found.append(line)
    return found


def privacy_part(record: Assessment, rows: pa.Table, small: Frame, trials: Trials) -> Part:
    """`rows` are all that were read; `small` the frame that the trials were made on."""
    personal = personal_columns(rows)
    reasons: list[str] = []
    tables: list[Table] = []
    facts: dict[str, Any] = {"personal": [{"column": one.column, "kind": one.kind} for one in personal]}
    special = [one for one in personal if one.is_special]
    if personal:
        reasons.append("Seems to be of persons: " + ", ".join(f"{one.column} ({one.kind})" for one in personal) + ".")
    else:
        reasons.append("No column looks like data of persons by its name or its values.")
    if is_of_persons(record) and not personal:
        reasons.append(f"But the record speaks of persons ({record.entity or record.row}), so all of it is theirs.")
    told = _inferences(record, rows, small)
    for one in told:
        reasons.append(_inference_words(one))
    carriers = {
        one.attribute: tuple(dict.fromkeys(name.split(" · ")[0] for name in one.carriers))
        for one in told
        if one.is_told
    }
    quasi = record.quasi or tuple(
        dict.fromkeys([*record.protected, *(one.column for one in personal if one.kind in QUASI_KINDS)])
    )
    found_again = 0.0
    if quasi:
        sizes = group_sizes(rows, quasi)
        found_again = float((sizes < K).mean())
        reasons.append(
            f"By {', '.join(quasi)} together the smallest group has {int(sizes.min()):,} rows"
            + (
                f"; {percent(found_again)} of rows share theirs with fewer than {K}: those can be found again."
                if found_again
                else f": nobody stands out, for each shares theirs with at least {K}."
            )
        )
        facts["k"] = int(sizes.min())
    held = _withheld(record, small, trials, personal, carriers, quasi, reasons, tables)
    gaps = _fairness(record, rows, small, trials, reasons, tables)
    answers = checklist(record, personal, told, quasi, found_again)
    tables.append(Table("Questions of the GDPR", ("question", "answer", "by"), answers))
    open_ones = [question for question, answer, _ in answers if answer.startswith("Open")]
    facts |= {"inferred": [one.attribute for one in told if one.is_told], "open": open_ones, "found_again": found_again}
    is_risky = any(one.is_told for one in told) or gaps or found_again > 0.05
    is_personal = bool(personal) or is_of_persons(record)
    verdict: Verdict = (
        "stop"
        if special and not record.lawful_basis
        else ("care" if is_risky or (is_personal and open_ones) else "good")
    )
    if verdict == "stop":
        headline = (
            f"{special[0].column} looks like {special[0].kind}, a special category: without a lawful basis it "
            f"must not be used."
        )
    elif any(one.is_told for one in told):
        names = ", ".join(one.attribute for one in told if one.is_told)
        headline = f"The other columns give {names} away; leaving it out alone protects nobody."
    elif gaps:
        headline = "Groups are treated differently; look at the table before deciding."
    elif not is_personal:
        headline = "Nothing here looks like data of persons."
    else:
        headline = "Data of persons; " + (
            f"{len(open_ones)} questions are open." if open_ones else "every question has an answer."
        )
    return Part(
        key="privacy",
        title="Privacy",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=(
            "Columns are recognised by patterns with checksums, and by their names: what is unusual is missed. "
            "An attribute "
            "counts as given away at an AUC of 0.6, surely above chance. What withholding costs is told on the newest "
            "rows, with paired 90 % intervals. This is no legal advice."
        ),
        tables=tuple(tables),
        plot=_plot(told),
        plots=tuple(one for one in (withheld_plot(trials.metric, held),) if one is not None),
        facts=facts | {"withheld": [{"name": one.name, "rise": one.rise, "words": one.words} for one in held]},
    )


def _withheld(
    record: Assessment,
    small: Frame,
    trials: Trials,
    personal: list[Personal],
    carriers: dict[str, tuple[str, ...]],
    quasi: tuple[str, ...],
    reasons: list[str],
    tables: list[Table],
) -> list[Withheld]:
    """What withholding costs: all that carries an attribute, then column by column, those of persons first."""
    marks = dict.fromkeys(quasi, "identifying") | {one.column: one.kind for one in personal}
    marks |= {column: f"carries {attribute}" for attribute, columns in carriers.items() for column in columns}
    marks |= dict.fromkeys(record.protected, "protected")
    groups = {
        f"{attribute} and what carries it": (attribute, *columns) for attribute, columns in carriers.items() if columns
    }
    columns = sorted(base_columns(small), key=lambda column: column not in marks)
    groups |= {column: (column,) for column in columns[:MOST_COLUMNS]}
    found = withhold(record, small, trials, groups)
    if not found:
        return found
    before = next(one.error for one in trials.trials if one.name == trials.best_model)
    for one in found:
        if len(one.columns) > 1:
            reasons.append(f"Without {', '.join(one.columns)} {lost(trials.metric, before, one)}: {one.words}.")
    free = [one.name for one in found if one.name in marks and one.lower <= 0]
    if free:
        reasons.append(f"Withholding {', '.join(free[:6])} would cost nothing that can be measured: withhold them.")
    left = {attribute for attribute, columns in carriers.items() if not small.without({attribute, *columns}).names}
    if left:
        reasons.append(f"Leaving out all that carries {', '.join(sorted(left))} leaves no column to learn from.")
    tables.append(withheld_table(trials.metric, found, marks))
    return found


def _inferences(record: Assessment, rows: pa.Table, small: Frame) -> list[Inference]:
    found = []
    for attribute in record.protected:
        code = codes(rows[attribute])[0][small.row]
        if len(np.unique(code)) > 30:  # an age or the like: above its median or not
            code = (code_of_numbers(rows, attribute)[small.row] if _is_number(rows, attribute) else code).astype(
                np.int64
            )
        one = infer(small.without(set(record.protected)), attribute, code)
        if one is not None:
            found.append(one)
    return found


def _is_number(rows: pa.Table, column: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(rows[column].type) or pa.types.is_floating(rows[column].type))


def code_of_numbers(rows: pa.Table, column: str) -> np.ndarray:
    """1 above the median, 0 else, −1 missing."""
    import pyarrow as pa

    values = rows[column].cast(pa.float64(), safe=False).to_numpy()
    return np.where(np.isnan(values), -1, values > np.nanmedian(values)).astype(np.int64)


def _inference_words(one: Inference) -> str:
    if not one.is_told:
        return f"{one.attribute} is not given away by the others (AUC {one.auc:.2f}, 0.5 is guessing)."
    alone = ", ".join(f"{name} ({value:.2f})" for name, value in list(one.alone.items())[:5])
    together = ", ".join(list(one.together)[:5])
    carried = f"alone by {alone}" if alone else "by no column alone"
    with_others = f"; only together with others by {together}" if together else ""
    return (
        f"{one.attribute} can be inferred from the others with an AUC of {one.auc:.2f}: {carried}{with_others}. "
        f"Without those columns {one.left:.2f} remains."
    )


def _fairness(
    record: Assessment, rows: pa.Table, small: Frame, trials: Trials, reasons: list[str], tables: list[Table]
) -> bool:
    """Rates by group of each protected column; True where the four-fifths rule is broken."""
    is_broken = False
    for attribute in record.protected:
        code, names = codes(rows[attribute])
        if len(names) > 30:
            continue
        rates = group_rates(small, code[small.row], names, trials, record)
        if len(rates) < 2:
            reasons.append(
                f"{attribute}: fewer than two groups have {MIN_GROUP} rows told, so fairness cannot be told."
            )
            continue
        keys = [key for key in rates[0] if key not in ("group", "rows")]
        words = {"selected": "gets a yes", "found": "real ones found", "falsely": "falsely named"}
        lines = tuple(
            (line["group"], f"{line['rows']:,}", *("–" if line[key] is None else number(line[key]) for key in keys))
            for line in rates
        )
        tables.append(
            Table(
                f"{LEARNERS[trials.best_model].capitalize()} by {attribute}",
                ("group", "rows", *(words.get(key, key) for key in keys)),
                lines,
            )
        )
        if "selected" in keys:
            shares = [line["selected"] for line in rates]
            ratio = min(shares) / max(max(shares), 1e-9)
            broken = ratio < FOUR_FIFTHS
            is_broken |= broken
            reasons.append(
                f"{attribute}: the group with the fewest yes gets {percent(ratio, 0)} of what the one with the "
                f"most gets" + (", less than four fifths." if broken else ".")
            )
    return is_broken


def checklist(
    record: Assessment, personal: list[Personal], told: list[Inference], quasi: tuple[str, ...], found_again: float
) -> tuple[tuple[str, str, str], ...]:
    """(question, answer, who answered: the record, or this report)."""
    is_personal = bool(personal) or is_of_persons(record)
    special = [one.column for one in personal if one.is_special]
    given = [one.attribute for one in told if one.is_told]

    def stated(words: str, key: str) -> tuple[str, str]:
        if words:
            return words, "the record"
        return (
            (f"Open: say it in `{key}`.", "nobody yet")
            if is_personal
            else ("Not needed: no data of persons was found.", "this report")
        )

    persons = "Leave out " + ", ".join(one.column for one in personal) + " unless needed."
    weighed = "To be weighed by the legal department." if is_personal else "No."
    inferred = "Yes: " + ", ".join(given) + "." if given else ("No." if told else "No protected column is named.")
    again = f"{percent(found_again)} of rows by {', '.join(quasi)}." if quasi else "No identifying columns were found."
    risky = "Likely: special categories, or attributes that can be inferred."
    by = "this report"
    return (
        ("What is the purpose? (Art. 5(1)(b))", *stated(record.purpose, "purpose")),
        ("What is the lawful basis? (Art. 6)", *stated(record.lawful_basis, "lawful_basis")),
        ("How long are data kept? (Art. 5(1)(e))", *stated(record.retention, "retention")),
        ("Who answers for it? (Art. 5(2))", *stated(record.owner, "owner")),
        (
            "Are special categories used? (Art. 9)",
            f"Yes: {', '.join(special)}." if special else "None was recognised.",
            by,
        ),
        ("Is no more used than needed? (Art. 5(1)(c))", persons if personal else "Nothing of persons was found.", by),
        ("Can protected attributes be inferred? (Art. 22, Recital 71)", inferred, by),
        ("Can persons be found again? (Art. 4(5))", again, by),
        ("Is an impact assessment needed? (Art. 35)", risky if special or given else weighed, by),
    )


def _plot(told: list[Inference]) -> Plot | None:
    lines = [
        {
            "name": one.attribute,
            "value": one.auc,
            "lower": one.auc - 1.645 * one.error,
            "upper": min(one.auc + 1.645 * one.error, 1.0),
        }
        for one in told
    ]
    lines += [
        {"name": f"{one.attribute} by {name}", "value": value, "lower": value, "upper": value}
        for one in told
        if one.is_told
        for name, value in list(one.alone.items())[:4]
    ]  # fmt: skip
    if not lines:
        return None
    return Plot(
        kind="intervals",
        title="How well protected attributes are given away (AUC; 0.5 is guessing)",
        rows=tuple(lines),
        x="AUC",
        rule=0.5,
    )
