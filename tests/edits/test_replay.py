"""What a step gives in a worker, from its snapshot, is what it gives where it was written."""

from __future__ import annotations

import pytest

from edits import foreign, further, whole_process
from edits.cases import EDITS, Edit
from source.programs import Prober

assert foreign and further and whole_process  # their cases are among the edits, too

# Each program once; as a script, the harder way, where it is tried both ways.
PROGRAMS = list({tuple(sorted(edit.before.items())): edit for edit in EDITS}.values())


@pytest.mark.parametrize("edit", PROGRAMS, ids=lambda edit: edit.name)
def test_a_captured_program_gives_what_it_gives_live(edit: Edit, programs: Prober) -> None:
    looked = programs.look(edit.before, main=edit.main, capture=False, replay=True)
    assert list(looked.replayed.values()) == list(looked.output.values())
