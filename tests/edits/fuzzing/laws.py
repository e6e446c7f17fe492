"""The laws, tried on one program after the other; whatever breaks one is made small and kept.

1. Two programs with one key give the same: no edit that changes what a step gives may leave its key alone.
2. An edit of the cosmetic kind leaves the key alone.
3. A snapshot gives what the program gives, when the program's tree is gone.
4. A capture succeeds, or says why not; it does not fall over.
"""

from __future__ import annotations

import ast
import json
import math
import os
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from edits.fuzzing import subject
from edits.fuzzing.grammar import make
from edits.fuzzing.mutations import decorate, mutate
from edits.fuzzing.subject import Looked, look

SHRINK_FOR = 20.0
"""Seconds in which what was found is made small."""

CAPTURED_ANYWAY = 0.15
"""How many edits that changed nothing are captured all the same, to see whether they run again needlessly."""

EXACT = ("getsource", "__code__", "f_locals", "currentframe", "_getframe")
"""Who says this sees its source as it is, and so even a comment counts."""


@dataclass
class Broken:
    """A law that was broken.

    Attributes:
        law: Its number; 0 for a program that ended its process.
        seed: Which seed made the program.
        edit: The last edit's name.
        script: Whether ``flow.py`` runs as a script.
        before: The program before; for the third law the program itself.
        after: The program after.
        told: What was seen.
    """

    law: int
    seed: int
    edit: str
    script: bool
    before: dict[str, str]
    after: dict[str, str]
    told: list[str] = field(default_factory=list)


@dataclass
class Tried:
    """What came of one seed."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)


def attempt(seed: int, mutations: int, folder: Path, until: float = math.inf) -> Tried:
    """Make the program of a seed, and walk away from it, edit by edit.

    An edit is carried out first. Only one that changes what the step gives could leave a stale result, so then both its
    program and the one before it are captured, and their keys compared; cosmetic edits are captured always.

    Args:
        seed: Which program.
        mutations: How many edits.
        folder: Where.
        until: When to stop, by ``time.monotonic``.
    """
    random = Random(seed)
    tried = Tried()
    program, script = make(random)
    first = look(program, folder, script=script, replay=True)
    tried.counts["programs"] += 1
    if first.fails:
        tried.counts[f"program {first.fails.partition(':')[0]}"] += 1
        return tried
    _replays(tried, seed, program, script, first)
    if look(program, folder, script=script).key != first.key:
        tried.broken.append(Broken(2, seed, "nothing", script, program, program, ["the key is not steady"]))
        return tried
    known: dict[str, tuple[str, dict[str, str]]] = {}
    if not first.output.startswith("raises"):
        known[first.key] = (first.output, program)
    now, current = first, program
    for number in range(mutations):
        cosmetic = random.random() < 0.2
        edit, changed = (decorate if cosmetic else mutate)(current, random)
        if changed == current:
            continue
        if time.monotonic() > until:
            break
        replay = number % 8 == 7
        tried.counts["mutations"] += 1
        if not cosmetic and not replay and random.random() > CAPTURED_ANYWAY:
            ran = look(changed, folder, script=script, only_run=True)
            if ran.fails:
                tried.counts[ran.fails.partition(":")[0]] += 1
                continue
            if ran.output == now.output:
                tried.counts["output same"] += 1
                now, current = Looked(output=ran.output), changed
                continue
        if not now.key:
            now = look(current, folder, script=script)
            if now.fails:
                tried.counts["before it " + now.fails.partition(":")[0]] += 1
                if now.fails.startswith("crash"):
                    tried.broken.append(Broken(4, seed, edit, script, current, current, [now.fails]))
                return tried
            if not now.output.startswith("raises"):
                output, earlier = known.setdefault(now.key, (now.output, current))
                if output != now.output:
                    tried.broken.append(Broken(1, seed, edit, script, earlier, current, [output, now.output]))
                    return tried
        seen = look(changed, folder, script=script, replay=replay)
        tried.counts["captured"] += 1
        if seen.fails:
            tried.counts[seen.fails.partition(":")[0]] += 1
            if seen.fails.startswith("crash"):
                tried.broken.append(Broken(4, seed, edit, script, changed, changed, [seen.fails]))
                return tried
            continue
        tried.counts["output changed" if seen.output != now.output else "output same"] += 1
        if seen.output == now.output and seen.key == now.key:
            tried.counts["hits"] += 1
        if seen.output.startswith("raises") and seen.key not in known:
            continue  # a step that fails leaves no trace, so nothing could be stale
        output, earlier = known.setdefault(seen.key, (seen.output, changed))
        if output != seen.output:
            tried.broken.append(Broken(1, seed, edit, script, earlier, changed, [output, seen.output]))
            return tried
        if cosmetic:
            tried.counts["cosmetic"] += 1
            exact = any(word in text for text in changed.values() for word in EXACT)
            if seen.output == now.output and seen.key != now.key and not exact and not _excused(edit, seen, changed):
                tried.broken.append(Broken(2, seed, edit, script, current, changed, [now.key, seen.key]))
                return tried
        if replay:
            _replays(tried, seed, changed, script, seen)
        if not seen.output.startswith("raises") and random.random() < 0.8:
            now, current = seen, changed
    return tried


def _excused(edit: str, seen: Looked, changed: dict[str, str]) -> bool:
    """Whether a module counts as a whole, so that a new function in it may count, too; or as a file that was read.

    In one that is not loaded yet annotations count, too.
    And an object that wraps a function gets its docstring as a value of its own.
    """
    if edit == "docstrings" and "update_wrapper(self" in "".join(changed.values()):
        return True
    return (
        edit in ("unreached", "annotations") and any("(whole)" in note for note in seen.notes)
    ) or ".py " in seen.key


def comes_back(seen: Looked) -> bool:
    """Whether a snapshot gives what the program gives; where that is an error, another error will do."""
    back = str(seen.replayed)
    if seen.output.startswith("raises"):
        return back.startswith(("raises", "cannot be brought back"))
    return back == seen.output


def _replays(tried: Tried, seed: int, program: dict[str, str], script: bool, seen: Looked) -> None:
    tried.counts["replays"] += 1
    if not comes_back(seen):
        tried.broken.append(Broken(3, seed, "", script, program, program, [seen.output, str(seen.replayed)]))


# -- the same in processes of their own


def in_a_child(folder: Path, work: Callable[[], object], seconds: float = 120) -> object:
    """Do something in a forked process; its answer goes through JSON. ``None`` if it did not live to give one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            warnings.simplefilter("ignore")
            os.close(reading)
            signal.alarm(int(seconds))
            with os.fdopen(writing, "w") as file:
                json.dump(work(), file)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as file:
        told = file.read()
    _, status = os.waitpid(child, 0)
    return json.loads(told) if status == 0 and told else None


def attempted(seed: int, mutations: int, folder: Path, until: float = math.inf) -> Tried:
    """Like :func:`attempt`, in a process of its own; what it found is looked at again in fresh ones, and made small."""

    def work() -> object:
        tried = attempt(seed, mutations, folder, until)
        return {"counts": tried.counts, "broken": [asdict(broken) for broken in tried.broken]}

    told = in_a_child(folder, work)
    if not isinstance(told, dict):
        return Tried(Counter({"lost": 1}), [Broken(0, seed, "", False, {}, {}, ["the process did not live"])])
    tried = Tried(Counter(told["counts"]), [])
    for found in told["broken"]:
        broken = Broken(**found)
        if violates(broken, folder):
            tried.broken.append(small(broken, folder))
        else:
            tried.counts["not seen again in a fresh process"] += 1
    return tried


def violates(broken: Broken, folder: Path) -> bool:
    """Whether two programs break the law, each looked at in a process of its own."""

    def seen(program: Mapping[str, str], replay: bool = False) -> Looked:
        told = in_a_child(folder, lambda: asdict(look(program, folder, script=broken.script, replay=replay)), 20)
        return Looked(**told) if isinstance(told, dict) else Looked(fails="lost")

    if broken.law == 3:
        one = seen(broken.after, replay=True)
        broken.told = [one.output, str(one.replayed)]
        return not one.fails and not comes_back(one)
    if broken.law == 4:
        one = seen(broken.after)
        broken.told = [one.fails]
        return one.fails.startswith("crash")
    one, two = seen(broken.before), seen(broken.after)
    if one.fails or two.fails:
        return False
    if broken.law == 1:
        broken.told = [one.output, two.output]
        return one.key == two.key and one.output != two.output and not one.output.startswith("raises")
    return one.key != two.key and one.output == two.output


def small(broken: Broken, folder: Path) -> Broken:
    """Take statements out of both programs for as long as the law stays broken, and for a while."""
    shrunk, until = True, time.monotonic() + SHRINK_FOR
    while shrunk:
        shrunk = False
        for file in list(broken.after):
            for way in (_without_file, _without_statements, _without_parts):
                for before, after in way(broken, file):
                    if time.monotonic() > until:
                        return broken
                    candidate = Broken(broken.law, broken.seed, broken.edit, broken.script, before, after)
                    if violates(candidate, folder):
                        broken, shrunk = candidate, True
                        break
    return broken


def _without_file(broken: Broken, file: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    if not broken.after.get(file) or file == "flow.py":
        return []
    return [({**broken.before, file: ""}, {**broken.after, file: ""})]


def _without_statements(broken: Broken, file: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    return _without(broken, file, lambda tree: [tree.body])


def _without_parts(broken: Broken, file: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    return _without(
        broken,
        file,
        lambda tree: [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)],
    )


def _without(
    broken: Broken, file: str, bodies: Callable[[ast.Module], list[list[ast.stmt]]]
) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Both programs, each time without one statement that both have in one file."""
    if not file.endswith(".py"):
        return []
    before, after = broken.before.get(file, ""), broken.after.get(file, "")
    texts = [[ast.unparse(s) for body in bodies(ast.parse(text)) for s in body] for text in (before, after)]
    found = []
    for statement in dict.fromkeys(texts[1]):
        if texts[0].count(statement) == texts[1].count(statement):
            pair = [_cut(text, statement, bodies) for text in (before, after)]
            found.append(({**broken.before, file: pair[0]}, {**broken.after, file: pair[1]}))
    return found


def _cut(text: str, statement: str, bodies: Callable[[ast.Module], list[list[ast.stmt]]]) -> str:
    tree = ast.parse(text)
    for body in bodies(tree):
        body[:] = [part for part in body if ast.unparse(part) != statement] or [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def ready(folder: Path) -> None:
    """Make this process ready to fork children that look at programs."""
    subject.prepare(folder)
