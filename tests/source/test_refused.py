"""What cannot be captured is refused before anything runs: what it is, where it is used, and what to do instead."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from source.programs import write

PROGRAM = """
    import functools
    import json
    import socket
    import sqlite3
    import threading
    from pathlib import Path

    from twice import Pipeline, step
    from twice.errors import CaptureError

    KINDS = {
        "socket": socket.socket(),
        "lock": threading.Lock(),
        "database": sqlite3.connect(":memory:"),
        "generator": (number for number in range(3)),
        "file": open(__file__),
        "thread": threading.Thread(target=print),
    }

    def reads_global():
        return HELD and 1

    def reads_inside():
        return TABLE["deep"][0]

    def around(held):
        def reads_cell():
            return held and 1
        return reads_cell

    def with_default(held):
        def has_default(given=held):
            return 1
        return step(has_default, name="has_default")

    def takes(held):
        return 1

    class Object:
        def __init__(self, held):
            self.held = held
        def method(self):
            return 1

    def refusal(function):
        try:
            Pipeline(steps=[function], name="refused", store="store").run()
        except CaptureError as problem:
            return [problem.message, problem.hint]

    told = {}
    for kind, thing in KINDS.items():
        HELD, TABLE = thing, {"deep": [thing]}
        told[kind] = {
            "global": refusal(reads_global),
            "inside": refusal(reads_inside),
            "closure": refusal(around(thing)),
            "default": refusal(with_default(thing)),
            "partial": refusal(step(functools.partial(takes, thing), name="partial")),
            "keyword": refusal(step(functools.partial(takes, held=thing), name="keyword")),
            "method": refusal(Object(thing).method),
        }
    print(json.dumps([told, [str(path) for path in Path("store/traces").rglob("*") if path.is_file()]]))
    """

WHERE = {
    "global": "step 'reads_global' reaches the variable 'HELD', used at flow.py:21, which cannot be saved: it is ",
    "inside": "step 'reads_inside' reaches the variable 'TABLE', used at flow.py:24, which cannot be saved: "
    "it['deep'][0] is ",
    "closure": "step 'reads_cell' reaches the closure variable 'held' of around.<locals>.reads_cell (flow.py:27), "
    "which cannot be saved: it is ",
    "default": "step 'has_default' reaches the default of 'given' in with_default.<locals>.has_default (flow.py:32), "
    "which cannot be saved: it is ",
    "partial": "step 'partial' reaches the arguments of its partial (flow.py:36), which cannot be saved: "
    "argument 1 is ",
    "keyword": "step 'keyword' reaches the arguments of its partial (flow.py:36), which cannot be saved: "
    "argument 'held' is ",
    "method": "step 'method' reaches the object whose method it is (flow.py:42), which cannot be saved: self.held is ",
}
WHAT = {
    "socket": ("an open socket (socket.socket).", "connect inside the step"),
    "lock": ("a lock (_thread.lock).", "importing that makes the lock again"),
    "database": ("a database connection (sqlite3.Connection).", "connect inside the step"),
    "generator": ("a generator, which can be gone through only once", "keep a list of what it yields"),
    "file": ("an open file (_io.TextIOWrapper).", "keep its path, and open it inside the step"),
    "thread": ("a thread (threading.Thread).", "start it inside the step"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    folder = write(tmp_path_factory.mktemp("refused"), {"flow.py": PROGRAM})
    done = subprocess.run([sys.executable, "flow.py"], cwd=folder, capture_output=True, text=True, check=True)
    refusals, traces = json.loads(done.stdout)
    return refusals, traces


@pytest.mark.parametrize("kind", WHAT)
def test_what_cannot_be_saved_is_named_with_its_place_and_a_way_out(
    kind: str, told: tuple[dict[str, dict[str, list[str]]], list[str]]
) -> None:
    what, instead = WHAT[kind]
    for place, begins in WHERE.items():
        message, hint = told[0][kind][place]
        assert message.startswith(begins + what), message
        assert instead in hint


def test_nothing_ran_before_the_refusal(told: tuple[dict[str, dict[str, list[str]]], list[str]]) -> None:
    assert told[1] == []


def test_a_lock_in_a_module_that_is_imported_is_no_hindrance(tmp_path: Path) -> None:
    files = {
        "shared.py": "import threading\nLOCK = threading.Lock()\n",
        "flow.py": """
            import shared
            from twice import Pipeline
            def step():
                with shared.LOCK:
                    return 1
            print(Pipeline(steps=[step], name="x", store="store").run().output)
            """,
    }
    write(tmp_path, files)
    done = subprocess.run([sys.executable, "flow.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_a_scripts_class_that_a_call_made_of_a_function_whose_name_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    program = """
        from twice import Pipeline
        def get(self):
            return 4 + self.k
        Made = type("Made", (), {"k": 1, "get": get})
        get = lambda *given: 8
        def step():
            return Made().get()
        print(Pipeline(steps=[step], name="x", store="store").run().output)
        """
    write(tmp_path, {"flow.py": program})
    done = subprocess.run([sys.executable, "flow.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and not done.stdout
    assert "which a call made from the function get, and that name stands for something else by now" in done.stderr
