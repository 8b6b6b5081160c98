"""Personal data by column: what values look like (patterns with their checksums), and what a column is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

LOOKED_AT = 2000
SHARE = 0.2
"""A kind is told where this share of the values looked at has it."""


@dataclass(frozen=True)
class Personal:
    """A column that seems to hold data of persons: the kind, and the share of values looked at that are of it."""

    column: str
    kind: str
    share: float
    is_special: bool = False


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    return bool(re.fullmatch(r"[2-6]\d{12,18}", digits)) and _luhn(digits)


def _iban(text: str) -> bool:
    """ISO 13616: the first four characters to the end, letters as numbers, remainder of 97 is 1."""
    plain = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def _ssn(text: str) -> bool:
    """A US social security number: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    found = re.fullmatch(r"(\d{3})-(\d{2})-(\d{4})", text)
    if not found:
        return False
    return found[1] not in ("000", "666") and found[1] < "900" and found[2] != "00" and found[3] != "0000"


def _german_tax(text: str) -> bool:
    """The German tax number of a person, ISO 7064 mod 11, 10; eleven digits, the first not zero."""
    if not re.fullmatch(r"[1-9]\d{10}", text.replace(" ", "")):
        return False
    digits = [int(one) for one in text.replace(" ", "")]
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == digits[10] and max(map(digits[:10].count, range(10))) in (2, 3)


def _ip(text: str) -> bool:
    if text.count(".") != 3 and ":" not in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _phone(text: str) -> bool:
    return bool(re.fullmatch(r"(\+|00)[1-9][\d ()/.-]{7,18}", text)) or bool(
        re.fullmatch(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", text)
    )


def _place(text: str) -> bool:
    found = re.fullmatch(r"(-?\d{1,2}\.\d{4,})[,; ]\s*(-?\d{1,3}\.\d{4,})", text)
    return bool(found) and abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180  # type: ignore[index]


PATTERNS: dict[str, Callable[[str], bool]] = {
    "e-mail address": lambda text: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", text)),
    "IBAN": _iban,
    "payment card": _card,
    "social security number (US)": _ssn,
    "tax number (DE)": _german_tax,
    "IP address": _ip,
    "telephone number": _phone,
    "place on Earth": _place,
}
NAMES = {
    "name": r"(first|last|full|given|family|sur|user|customer|person|vor|nach)_?name|^name$|^customer$",
    "e-mail address": r"e_?mail",
    "telephone number": r"phone|mobile|telefon",
    "address": r"street|address|strasse|post_?code|zip(_?code)?$|postal",
    "date of birth": r"birth|^dob$|geburt",
    "age": r"^age$|_age$|^alter$",
    "IP address": r"^ip$|ip_?addr",
    "device or cookie": r"cookie|device_?id|advertis|imei|mac_?addr|session_?id",
    "place on Earth": r"^lat(itude)?$|^lon(g|gitude)?$",
    "identifier of a person": r"(user|customer|account|member|client)_?id$|^user$|passport|ssn|tax_?(id|number)",
    "gender": r"gender|^sex$|geschlecht",
}
SPECIAL = {
    "health": r"health|diagnos|disab|illness|disease|pregnan|medic|patient",
    "ethnic origin": r"race|ethnic|nationality",
    "religion": r"relig|church|faith",
    "political opinion": r"party$|politic|vote",
    "trade union": r"union_?member",
    "sexual life": r"sexual|orientation",
    "genetic or biometric data": r"genom|fingerprint|biometr|face_?id",
}
"""Special categories of Article 9 of the GDPR."""


def personal_columns(rows: pa.Table) -> list[Personal]:
    """What each column seems to hold of persons: by its values first, else by its name; free text is told too."""
    found = []
    for column in rows.column_names:
        one = _by_values(column, rows[column]) or _by_name(column)
        if one is not None:
            found.append(one)
    return found


def _by_values(column: str, values: pa.ChunkedArray) -> Personal | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        return None
    step = max(len(values) // (4 * LOOKED_AT), 1)
    some = values.take(pa.array(range(0, len(values), step))).drop_null()
    texts = [str(one).strip() for one in pc.unique(some).to_pylist()[:LOOKED_AT]]
    texts = [text for text in texts if text]
    if not texts:
        return None
    is_number = pa.types.is_integer(kind)
    for what, fits in PATTERNS.items():
        if is_number and what not in ("payment card", "tax number (DE)"):
            continue
        share = sum(map(fits, texts)) / len(texts)
        # One in ten numbers passes a checksum by chance: then more must.
        if share >= (0.6 if is_number or what in ("payment card", "tax number (DE)") else SHARE) and len(texts) >= 3:
            return Personal(column, what, share)
    if is_number:
        return None
    long = sum(len(text.split()) >= 5 for text in texts) / len(texts)
    if long >= SHARE and len(texts) >= 20:
        return Personal(column, "free text, which may hold anything", long)
    people = sum(
        bool(re.fullmatch(r"[A-ZÄÖÜ][a-zäöüßé'’-]+(,? [A-ZÄÖÜ]\.?[a-zäöüßé'’-]*){1,2}", text)) for text in texts
    )
    if people / len(texts) >= 0.8 and len(texts) >= 20 and _looks_named(column):
        return Personal(column, "name", people / len(texts))
    return None


def _looks_named(column: str) -> bool:
    return bool(
        re.search(r"name|person|customer|author|contact|driver|agent|owner|holder|recipient|by$", column.lower())
    )


def _by_name(column: str) -> Personal | None:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower().replace(" ", "_").replace("-", "_")
    for kind, pattern in SPECIAL.items():
        if re.search(pattern, plain):
            return Personal(column, kind, 1.0, is_special=True)
    for kind, pattern in NAMES.items():
        if re.search(pattern, plain):
            return Personal(column, kind, 1.0)
    return None
