"""What a database says of an error, without what stands in its rows: that may be a person's name, or a small group's.

Of a value that cannot be read databases quote the value, DuckDB even the whole line of the file. People are told the
rest: which column, which type, which line.
"""

from __future__ import annotations

import re

_OF_VALUES = re.compile(
    r"convert|cast|pars(e|ing)|syntax for type|not recognized|bad \w+ value|out of range|incorrect \w+ value", re.I
)
_LINE_OF_FILE = re.compile(r"(Original Line:)(?:(?!\nError when|\nPossible).)*", re.DOTALL)
_QUOTED = re.compile(r"(\bcolumn (?:\"[^\"\n]*\"|'[^'\n]*'))|\"[^\"\n]*\"|'[^'\n]*'")
_NAMED = re.compile(r"(\bvalue:? )(?![\"'…])\S[^\n]*")


def without_values(error: object) -> str:
    """The words of an error (an exception of a driver, or a text) with `…` for each value of a row."""
    said = _LINE_OF_FILE.sub(r"\1 …", str(error))
    is_of_a_value = any(kind.__name__ == "DataError" for kind in type(error).__mro__)
    if not (is_of_a_value or _OF_VALUES.search(said)):
        return said
    said = said.partition("\nPossible solutions")[0].partition("\nLINE 1:")[0]
    return _NAMED.sub(r"\1…", _QUOTED.sub(lambda found: found[1] or "'…'", said)).strip()
