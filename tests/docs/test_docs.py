"""What the documents say is true: configurations parse, commands exist, rooms are there, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watchkeeper.cli import VERBS
from watchkeeper.domain import errors
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.metric import Metric

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_configurations_in_documents_are_valid(document: Path):
    for block in blocks(document, "yaml"):
        assert parse_config(block, document.name).metrics


def test_the_readme_shows_a_configuration():
    assert len(blocks(ROOT / "README.md", "yaml")) == 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_exist(document: Path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for block in blocks(document, "sh"):
        for verb in re.findall(r"watchkeeper ([a-z]+)", block):
            assert verb in VERBS
        for target in re.findall(r"^make ([a-z]+)", block, re.MULTILINE):
            assert target in targets


def test_every_command_is_documented():
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for verb in VERBS:
        assert re.search(rf"`watchkeeper {verb}|`{verb}`|watchkeeper {verb}", text), verb


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_room_of_the_house_is_in_the_readme_and_says_what_it_is_for():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for room in sorted((ROOT / "src" / "watchkeeper").iterdir()):
        if room.is_dir() and room.name != "__pycache__":
            assert f"`{room.name}/`" in readme
            assert (room / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def test_the_tree_of_errors_is_drawn_whole():
    drawn = set(re.findall(r"\w+Error\b", errors.__doc__ or ""))
    defined = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert drawn == defined


def test_every_setting_of_a_metric_is_documented():
    reference = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for field in Metric.__struct_fields__:
        assert f"`{field}`" in reference
