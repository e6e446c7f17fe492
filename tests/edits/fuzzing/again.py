"""Look at the programs of ``changed_later``; prints what was seen of each, before and after its edit, as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from edits import classes_later, everyday, put_there, sides, unbound
from edits.changed_later import CHANGED_LATER, REFUSED
from edits.fuzzing.laws import in_a_child, ready
from edits.fuzzing.subject import Looked, look
from edits.rebound import REFUSED_AS_SCRIPT

assert classes_later and everyday and put_there and sides and unbound  # their cases are among the others


def main() -> None:
    """Look at all of them."""
    told: dict[str, dict[str, list[str | None]]] = {}
    with tempfile.TemporaryDirectory(prefix="twice-again-") as place:
        folder = Path(place).resolve() / "program"
        ready(folder)
        for edit in CHANGED_LATER:

            def looked(program: Mapping[str, str], script: bool = bool(edit.main)) -> object:
                return in_a_child(folder, lambda: asdict(look(program, folder, script=script, replay=True)))

            seen = [looked(edit.before), looked(edit.after)]
            both = [Looked(**one) if isinstance(one, dict) else Looked(fails="lost") for one in seen]
            told[edit.name] = {
                "fails": [one.fails for one in both],
                "output": [one.output for one in both],
                "replayed": [one.replayed for one in both],
                "key": [one.key for one in both],
            }
        for name, program in {**REFUSED, **REFUSED_AS_SCRIPT}.items():
            for script in (False, True) if name in REFUSED else (True,):

                def refused(program: Mapping[str, str] = program, script: bool = script) -> object:
                    return asdict(look(program, folder, script=script, replay=True))

                one = in_a_child(folder, refused)
                fails = Looked(**one).fails if isinstance(one, dict) else "lost"
                told.setdefault(name, {"fails": []})["fails"].append(fails)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
