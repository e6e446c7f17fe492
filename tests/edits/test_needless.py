"""Edits that make a step run again though it gives the same: each has its reason, and the docs list them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from edits.cases import Edit
from edits.needless import NEEDLESS, table
from source.programs import Prober

DOCS = Path(__file__).parent.parent.parent / "docs" / "what-a-version-captures.md"


@pytest.mark.parametrize("edit", NEEDLESS, ids=lambda edit: edit.name)
def test_an_edit_that_changes_nothing_runs_again_for_a_reason(edit: Edit, programs: Prober) -> None:
    before = programs.look(edit.before, main=edit.main)
    after = programs.look(edit.after, main=edit.main)
    assert before.output == after.output, "the case itself is labelled wrong"
    assert before.semantic != after.semantic, "it does not run again any more: take the case away, and the docs' line"
    assert edit.why


def test_the_docs_list_every_needless_run() -> None:
    assert table() in DOCS.read_text(), "python -m edits.needless prints the table"
