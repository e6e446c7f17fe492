"""Edit X, then the step must, or must not, run again."""

from __future__ import annotations

import pytest

from edits import foreign, further, whole_process
from edits.cases import EDITS, Edit
from source.programs import Prober

assert foreign and further and whole_process  # their cases are among the edits, too


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_moves_the_key_if_it_matters(edit: Edit, programs: Prober) -> None:
    before = programs.look(edit.before, main=edit.main)
    after = programs.look(edit.after, main=edit.main)
    assert (before.output != after.output) == edit.matters, "the case itself is labelled wrong"
    if edit.matters or edit.why:
        assert before.semantic != after.semantic
    else:
        assert before.semantic == after.semantic
