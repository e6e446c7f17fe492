"""The same edits put to other people's tools: who serves a stale result, and who runs needlessly?

Every case of ``tests/edits`` that can be carried over as it is: a program whose step is imported from ``flow.py``, with
files and variables that the step reads. For each tool and case: the step is asked for twice, then something is edited,
and it is asked for again, each time in a process that has imported nothing of the program. Whether the step's code ran
is looked at, never taken from what a tool is said to do.

    python benchmarks/edits_of_peers.py                  # makes the tools' environments below .venv-peers, runs all
    python benchmarks/edits_of_peers.py --tool redun --only helper
    python benchmarks/edits_of_peers.py --minutes 30     # as many as there is time for; the next time goes on

Each answer is kept as soon as it is known (``--keep``), under the digest of what it is an answer to: the edit, and the
versions of the tool, which for Twice are its sources. So what is interrupted goes on, and what changed is asked again.
The edits of every day come first, the others in an order that has nothing to do with what they are: whenever the time
is up, what was tried is an even sample.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from edits import foreign, test_reruns, whole_process  # noqa: E402
from edits.cases import EDITS  # noqa: E402

assert foreign and whole_process  # their cases are among the edits, too

PEERS = {
    "joblib": ["joblib==1.6.0"],
    "redun": ["redun==0.44.1"],
    "Hamilton": ["sf-hamilton==1.90.0"],
    "DVC": ["dvc==3.67.1"],
}
USED = ["numpy==2.4.6", "pandas==3.1.1"]  # by some of the programs
TOOLS = [*PEERS, "Twice"]

Files = dict[str, bytes]
Cells = dict[tuple[str, str], tuple[str, str]]
"""By tool and edit: the verdict, and what was said where it is an error."""


@dataclass(frozen=True)
class Case:
    """One edit.

    Attributes:
        name: What is edited.
        before: The program's files before.
        after: And after.
        matters: Whether what the step gives changes.
        between: A state of the files in which the step is asked for, too, between the two.
        variables: The environment variables before and after.
        keep_time: A changed file keeps its time of modification.
        touch: All files get another time of modification.
    """

    name: str
    before: Files
    after: Files
    matters: bool
    between: Files = field(default_factory=dict)
    variables: tuple[dict[str, str], dict[str, str]] = ({}, {})
    keep_time: bool = False
    touch: bool = False


def as_bytes(files: object) -> Files:
    assert isinstance(files, dict)
    return {
        name: text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode() for name, text in files.items()
    }


def of_code() -> list[Case]:
    """The edits of code, where the step is imported; that it may be in a script, too, is not put to other tools."""
    return [
        Case(edit.name, as_bytes(edit.before), as_bytes(edit.after), edit.matters) for edit in EDITS if not edit.main
    ]


def of_files() -> list[Case]:
    """Changes of what a step reads."""
    cases = []
    for name, (flow, files, change) in test_reruns.DEPENDS.items():
        before = as_bytes({**files, "flow.py": flow})
        after = dict(before)
        path, _, text = change.partition("=")
        if change == "db":
            before["d.db"], after["d.db"] = database(1), database(2)
        elif "+" in change:
            path, _, text = change.partition("+")
            after[path] += text.encode()
        elif not text:
            del after[path]
        else:
            after[path] = text.encode()
        cases.append(Case(name, before, after, True))
    reads = {"flow.py": b"def step():\n    return open('d.txt').read()\n", "d.txt": b"a"}
    helped = {"flow.py": b"import helpers\ndef step():\n    return helpers.f()\n"}
    one, two = b"def f():\n    return 1\n", b"def f():\n    return 2\n"
    cases += [
        Case("a file changed with the same size and time", reads, {**reads, "d.txt": b"b"}, True, keep_time=True),
        Case("a file touched with the same content", reads, reads, False, touch=True),
        Case("a file that nobody looked at", {**reads, "other.txt": b"a"}, {**reads, "other.txt": b"b"}, False),
        Case(
            "an edit that is taken back",
            {**helped, "helpers.py": one},
            {**helped, "helpers.py": one},
            False,
            between={**helped, "helpers.py": two},
        ),
    ]
    for name, (flow, counts) in test_reruns.VARIABLES.items():
        files = as_bytes({"flow.py": flow})
        variables = ({"MODE": "a"}, {"MODE": "b"})
        cases.append(Case(f"an environment variable, {name}", files, files, counts, variables=variables))
    return cases


def database(value: int) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (x)")
    connection.execute("insert into t values (?)", (value,))
    connection.commit()
    return connection.serialize()


HEADLINE = [
    "the step itself",
    "a helper's body",
    "a helper's default",
    "a constant imported by name",
    "the step's own constant",
    "a method",
    "a helper, in a base class",
    "a helper, behind a decorator",
    "the cell of a closure",
    "a file that it read",
    "a comment in the step",
    "a comment",
    "a docstring",
    "formatting",
    "a renamed loop variable",
    "an unused helper",
    "a file touched with the same content",
]
"""Ten edits that matter and seven that do not, of those that people make every day."""


class Asker:
    """A tool, in an environment of its own."""

    def __init__(self, tool: str, python: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src") if tool == "Twice" else ""}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment.pop("TWICE_STORE", None)
        self._process = subprocess.Popen(
            [python, ROOT / "benchmarks" / "peers" / "asker.py", tool],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,  # an interruption of ours is not an answer of the tool
        )

    def ask(self, folder: Path, variables: dict[str, str]) -> dict[str, object]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"folder": str(folder), "variables": variables}) + "\n")
        self._process.stdin.flush()
        told: dict[str, object] = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        """Let it end by itself; what it is at work on is finished first."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


def lay(folder: Path, files: Files, earlier: Files) -> None:
    """Bring a folder from one state to another; what is the same in both is left alone."""
    for name in earlier.keys() - files.keys():
        (folder / name).unlink()
    for name, data in files.items():
        if earlier.get(name) != data:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def judge(asker: Asker, case: Case, folder: Path) -> tuple[str, str]:
    """One cell of the table, and what was said where it is an error."""
    lay(folder, case.before, {})
    first = asker.ask(folder, case.variables[0])
    if "error" in first:
        return "cannot", str(first["error"])
    again = asker.ask(folder, case.variables[0])
    if "error" in again or again["ran"]:
        return "never reuses", str(again.get("error", ""))
    times = {name: (folder / name).stat() for name in case.before}
    earlier = case.before
    if case.between:
        lay(folder, case.between, earlier)
        earlier = case.between
        asker.ask(folder, case.variables[0])
    lay(folder, case.after, earlier)
    for name in case.after.keys() & times.keys():
        if case.touch:
            os.utime(folder / name, (1, 1))
        elif case.keep_time:
            os.utime(folder / name, ns=(times[name].st_atime_ns, times[name].st_mtime_ns))
    last = asker.ask(folder, case.variables[1])
    if "error" in last:
        return "stops", str(last["error"])
    if last["ran"]:
        return ("right" if case.matters else "needless"), ""
    if not case.matters:
        return "right", ""
    return "stale", ""


def environment_of(tool: str, below: Path) -> Path:
    """The Python that has a tool; it is made if it is not there."""
    if tool == "Twice":
        return Path(sys.executable)
    python = below / tool.lower() / "bin" / "python"
    mark = below / tool.lower() / "made-of.txt"
    wanted = "\n".join([*PEERS[tool], *USED])
    if not mark.exists() or mark.read_text() != wanted:
        print(f"making the environment of {tool}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", python.parents[1]], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS[tool], *USED], check=True)
        mark.write_text(wanted)
    return python


class Kept:
    """The answers, in a file that is added to as soon as there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, str]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                digest, _, _, verdict, said = json.loads(line)
                self._known[digest] = (verdict, said)

    def get(self, tool: str, case: Case) -> tuple[str, str] | None:
        return self._known.get(_digest(tool, case))

    def put(self, tool: str, case: Case, answer: tuple[str, str]) -> None:
        digest = _digest(tool, case)
        with self._lock, open(self._path, "a") as file:
            self._known[digest] = answer
            file.write(json.dumps([digest, tool, case.name, *answer]) + "\n")


@functools.cache
def _made_of(tool: str) -> str:
    """What a tool's answers depend on, besides the edit."""
    asker = (ROOT / "benchmarks" / "peers" / "asker.py").read_bytes()
    sources = sorted((ROOT / "src" / "twice").rglob("*.py")) if tool == "Twice" else []
    parts = [asker, *(path.read_bytes() for path in sources), "\n".join([*PEERS.get(tool, []), *USED]).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _digest(tool: str, case: Case) -> str:
    return hashlib.sha256(f"{_made_of(tool)} {case!r}".encode()).hexdigest()[:32]


def all_of(tool: str, cases: list[Case], below: Path, kept: Kept, until: float) -> None:
    """Ask a tool whatever it was not asked before, as long as there is time."""
    pending = [case for case in cases if kept.get(tool, case) is None]
    if not pending:
        return
    asker = Asker(tool, environment_of(tool, below))
    with tempfile.TemporaryDirectory(prefix=f"edits-{tool.lower()}-", ignore_cleanup_errors=True) as scratch:
        for number, case in enumerate(pending):
            if time.monotonic() > until:
                break
            folder = Path(scratch, f"case-{number}")
            folder.mkdir()
            kept.put(tool, case, judge(asker, case, folder))
            shutil.rmtree(folder, ignore_errors=True)
            if number % 25 == 24:
                done = sum(kept.get(tool, one) is not None for one in cases)
                print(f"{tool}: {done} of {len(cases)}", file=sys.stderr, flush=True)
        asker.close()


WORDS = {"right": "·", "stale": "**stale**", "needless": "needless"}


def table(tools: list[str], rows: list[list[str]]) -> str:
    lines = ["| | " + " | ".join(tools) + " |", "|---" * (len(tools) + 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def report(cases: list[Case], tools: list[str], cells: Cells) -> str:
    """The tables, as they stand in the docs."""

    def count(tool: str, which: list[Case]) -> Counter[str]:
        return Counter(cells[tool, case.name][0] for case in which if (tool, case.name) in cells)

    def line(words: str, which: list[Case], verdict: str) -> list[str]:
        return [words, *(str(count(tool, which)[verdict]) for tool in tools)]

    def cell(tool: str, case: Case) -> str:
        verdict = cells.get((tool, case.name), ("not tried", ""))[0]
        return WORDS.get(verdict, verdict)

    def lines_of(which: list[Case]) -> list[list[str]]:
        return [
            [case.name + ("" if case.matters else " (does not matter)"), *(cell(tool, case) for tool in tools)]
            for case in which
        ]

    parts = []
    groups = {
        ("Edits that matter", "stale"): [case for case in cases if case.matters],
        ("Edits that do not", "needless"): [case for case in cases if not case.matters],
    }
    rows = []
    for (title, wrong), which in groups.items():
        rows.append([f"**{title}**, tried", *(str(count(tool, which).total()) for tool in tools)])
        rows.append(line("right", which, "right"))
        rows.append(line(wrong, which, wrong))
        rows.append(line("stops with an error after the edit", which, "stops"))
        rows.append(line("never reuses, edited or not", which, "never reuses"))
        rows.append(line("cannot run the program", which, "cannot"))
    parts.append(table(tools, rows))
    by_name = {case.name: case for case in cases}
    daily = [name for name in HEADLINE if name in by_name]
    if daily:
        parts.append("**Of every day**")
        parts.append(table(tools, lines_of([by_name[name] for name in daily])))
    parts += ["**All**", table(tools, lines_of(cases))]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", action="append", choices=TOOLS, help="only this one (may be said more than once)")
    parser.add_argument("--only", default="", help="only cases whose name has this in it")
    parser.add_argument("--environments", type=Path, default=ROOT / ".venv-peers", help="where the tools are installed")
    parser.add_argument("--keep", type=Path, help="the file of the answers (default: among the environments)")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="no edit is begun after so many")
    parser.add_argument("--table", action="store_true", help="run nothing: print the table of what was kept")
    parser.add_argument("--errors", action="store_true", help="print what was said where a tool stopped")
    asked = parser.parse_args()
    tools = asked.tool or TOOLS
    cases = [case for case in of_code() + of_files() if asked.only in case.name]
    cases.sort(key=lambda case: (case.name not in HEADLINE, hashlib.sha256(case.name.encode()).digest()))
    below = asked.environments.absolute()
    below.mkdir(parents=True, exist_ok=True)
    kept = Kept(asked.keep or below / "answers.jsonl")
    if not asked.table:
        until = time.monotonic() + asked.minutes * 60
        threads = [
            threading.Thread(target=all_of, args=(tool, cases, below, kept, until), daemon=True) for tool in tools
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            print("interrupted; the next time goes on from here", file=sys.stderr)
    answers = {(tool, case.name): kept.get(tool, case) for tool in tools for case in cases}
    cells: Cells = {place: answer for place, answer in answers.items() if answer is not None}
    print(f"Python {platform.python_version()}; {', '.join(pin for tool in tools for pin in PEERS.get(tool, []))}")
    print(f"{len(cases)} edits, {sum(case.matters for case in cases)} of which matter\n")
    print(report(cases, tools, cells))
    if asked.errors:
        for (tool, name), (verdict, said) in sorted(cells.items()):
            if verdict in ("cannot", "stops", "never reuses"):
                print(f"{tool}: {name}: {verdict}: {said}", file=sys.stderr)


if __name__ == "__main__":
    main()
