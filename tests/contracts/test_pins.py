"""What a newcomer installs is what the tests ran with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def pins(name: str) -> dict[str, str]:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["base", "demo"])
def test_every_pin_is_that_of_the_tests(name: str) -> None:
    tested, installed = pins("dev"), pins(name)
    assert installed
    assert {one: version for one, version in installed.items() if tested.get(one) != version} == {}
