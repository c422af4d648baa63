"""The page of features: every kind of column is on it, and it is not stale."""

from __future__ import annotations

import re
import runpy
import warnings

import pytest

from features.catalogue import RENEW, catalogue
from features.vocabulary import ENTRIES, GROUPS
from tests.conftest import ROOT


def test_the_committed_page_is_the_one_that_the_vocabulary_makes() -> None:
    committed = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    assert committed == catalogue(), f"docs/features.md is stale; renew it with: {RENEW}"


def test_every_kind_of_column_has_one_line_in_its_group() -> None:
    sections = catalogue().split("\n## ")[1:]
    assert len(sections) == len(GROUPS)
    for group, section in zip(GROUPS, sections, strict=True):
        found = re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE)
        assert found == [entry.name for entry in ENTRIES if entry.group == group]


def test_a_line_says_unit_meaning_direction_and_what_no_rows_give() -> None:
    lines = catalogue().splitlines()
    assert (
        "| `tickets_opened_{window}d` | tickets | tickets opened in the last {window} days "
        "| leaves | 0 |"
    ) in lines
    assert (
        "| `surveys_days_since_last` | days | days since the last answer | it depends | missing |"
    ) in lines


def test_no_cell_breaks_the_table() -> None:
    table = [line for line in catalogue().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {6}


def test_the_command_that_renews_the_page_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it is imported above already
        runpy.run_module("features.catalogue", run_name="__main__")
    assert capsys.readouterr().out == catalogue()
