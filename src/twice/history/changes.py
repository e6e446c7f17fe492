"""What differs between two versions, ingredient by ingredient. Pure: records in, changes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twice.records.code import Code, Node
from twice.records.digest import Digest
from twice.records.environment import Distribution, Environment
from twice.records.version import InputFile, Version

Load = Callable[[Digest, Any], Any]
"""Brings a record back by its digest and type, as ``Store.load`` does."""


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Attributes:
        what: ``step``, ``wiring``, ``code``, ``cosmetic`` (code whose meaning is the same), ``parameter``, ``seed``,
            ``setting``, ``file``, ``interpreter``, ``machine``, ``distribution`` or ``variable``.
        name: Which one: a function's id, ``fit.depth``, a path, a distribution.
        before: As it was, in words; empty if it was not there.
        after: As it is, in words; empty if it is not there any more.
        steps: The steps that it reaches.
        via: For code, the path by which a step reaches it.
    """

    what: str
    name: str
    before: str = ""
    after: str = ""
    steps: tuple[str, ...] = ()
    via: tuple[str, ...] = ()


def between(load: Load, before: Version, after: Version) -> list[Change]:
    """Everything that differs between two versions, what can move numbers most first.

    Args:
        load: Brings records back.
        before: One version.
        after: The other.
    """
    changes = _steps(before, after)
    if before.code != after.code:
        changes += code_changes(load(before.code, Code), load(after.code, Code))
    changes += _parameters(before, after)
    if before.seed != after.seed:
        changes.append(Change("seed", "seed", str(before.seed), str(after.seed)))
    if before.strict != after.strict:
        changes.append(Change("setting", "strict", str(before.strict), str(after.strict)))
    for name in ("hash_seed", "threads", "timezone", "locale", "deterministic"):
        left, right = getattr(before.settings, name), getattr(after.settings, name)
        if left != right:
            changes.append(Change("setting", name.replace("_", " "), str(left), str(right)))
    changes += _files(before, after)
    if before.environment != after.environment:
        changes += environment_changes(load(before.environment, Environment), load(after.environment, Environment))
    if not changes and before != after:
        changes.append(Change("code", "how things are reached", "recorded", "now"))
    return changes


def _steps(before: Version, after: Version) -> list[Change]:
    left, right = ({step.name: step for step in version.steps} for version in (before, after))
    changes = []
    if before.pipeline != after.pipeline:
        changes.append(Change("pipeline", "name", before.pipeline, after.pipeline))
    for name in [*left, *(name for name in right if name not in left)]:
        if name not in right:
            changes.append(Change("step", name, before="a step"))
        elif name not in left:
            changes.append(Change("step", name, after="a step"))
        else:
            if left[name].inputs != right[name].inputs:
                changes.append(Change("wiring", name, _wires(left[name].inputs), _wires(right[name].inputs), (name,)))
            for field in ("rtol", "atol", "ulps", "tolerance", "compare", "allow", "accept", "files"):
                was, now = getattr(left[name], field), getattr(right[name], field)
                if was != now:
                    changes.append(Change("option", f"{name}.{field}", str(was), str(now), (name,)))
    return changes


def _wires(inputs: dict[str, str]) -> str:
    return ", ".join(f"{parameter} ← {step}" for parameter, step in inputs.items()) or "nothing"


def code_changes(before: Code, after: Code) -> list[Change]:
    """What differs in the code of two versions: real changes first, cosmetic ones after."""
    left, right = ({node.id: node for node in code.nodes} for code in (before, after))
    real: list[Change] = []
    cosmetic: list[Change] = []
    for id_ in sorted({*left, *right}):
        was, now = left.get(id_), right.get(id_)
        if was is not None and now is not None and was.own == now.own and was.text == now.text:
            continue
        node = now or was
        assert node is not None
        if node.kind in ("distribution", "builtin"):
            continue  # the environment tells
        if node.kind == "effects" and (was is None or now is None or was.own == now.own):
            continue  # a module that is imported or not shows in what is taken from it
        steps = tuple(name for name, step in after.steps.items() if id_ in step.reaches)
        steps = steps or tuple(name for name, step in before.steps.items() if id_ in step.reaches)
        code = after if now is not None else before
        via = path_to(code, steps[0], id_) if steps else ()
        same = was is not None and now is not None and was.own == now.own
        change = Change("cosmetic" if same else "code", id_, _place(was), _place(now), steps, via)
        (cosmetic if same else real).append(change)
    return [*real, *cosmetic]


def path_to(code: Code, step: str, id_: str) -> tuple[str, ...]:
    """The shortest way from a step to a node, as node ids; empty if there is none."""
    edges = {node.id: [to for _, to in node.edges] for node in code.nodes}
    start = code.steps[step].function
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    pending = [start]
    for here in pending:  # grows while it is gone through: breadth first
        if here == id_:
            return ways[here]
        for there in edges.get(here, ()):
            if there not in ways:
                ways[there] = (*ways[here], there)
                pending.append(there)
    return ()


def _place(node: Node | None) -> str:
    if node is None:
        return ""
    return node.id.partition(":")[0]


def _parameters(before: Version, after: Version) -> list[Change]:
    left, right = (
        {f"{step.name}.{name}": value for step in version.steps for name, value in step.parameters.items()}
        for version in (before, after)
    )
    changes = []
    for name in [*left, *(name for name in right if name not in left)]:
        was, now = left.get(name), right.get(name)
        if was is None or now is None or was.content != now.content:
            step = (name.partition(".")[0],)
            changes.append(Change("parameter", name, was.preview if was else "", now.preview if now else "", step))
    return changes


def _files(before: Version, after: Version) -> list[Change]:
    left, right = ({(file.root, file.path): file for file in version.files} for version in (before, after))
    changes = []
    for place in sorted({*left, *right}):
        was, now = left.get(place), right.get(place)
        if was is None or now is None or was.content != now.content:
            changes.append(Change("file", place[1], _file(was), _file(now)))
    return changes


def _file(file: InputFile | None) -> str:
    if file is None:
        return ""
    return f"names in it ({file.content.short})" if file.listing else f"{file.size:,} bytes ({file.content.short})"


def environment_changes(before: Environment, after: Environment) -> list[Change]:
    """What differs between two environments."""
    changes = []
    for name in ("implementation", "version", "build", "compiler"):
        left, right = getattr(before.interpreter, name), getattr(after.interpreter, name)
        if left != right:
            changes.append(Change("interpreter", name, left, right))
    was, now = ({d.name: d for d in environment.distributions} for environment in (before, after))
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            changes.append(Change("distribution", name, _said(was.get(name)), _said(now.get(name))))
    for name in ("system", "release", "architecture", "libc", "cpu", "cores"):
        left, right = getattr(before.machine, name), getattr(after.machine, name)
        if left != right:
            changes.append(Change("machine", name, str(left), str(right)))
    flags = [set(environment.machine.cpu_flags) for environment in (before, after)]
    if flags[0] != flags[1]:
        gone, new = " ".join(sorted(flags[0] - flags[1])), " ".join(sorted(flags[1] - flags[0]))
        changes.append(Change("machine", "cpu flags", gone, new))
    for name in sorted({*before.variables, *after.variables}):
        if before.variables.get(name) != after.variables.get(name):
            changes.append(
                Change("variable", name, before.variables.get(name, "not set"), after.variables.get(name, "not set"))
            )
    return changes


def _said(distribution: Distribution | None) -> str:
    if distribution is None:
        return ""
    origin = "" if distribution.origin == "index" else f" ({distribution.origin})"
    return f"{distribution.version}{origin}"


_SAID = {
    "code": "the code of {name}",
    "cosmetic": "only the layout of {name}",
    "parameter": "the parameter {name}",
    "file": "the file {name}",
    "distribution": "{name}",
    "interpreter": "Python's {name}",
    "machine": "the machine's {name}",
    "variable": "the variable {name}",
    "setting": "the setting {name}",
    "step": "the step {name}",
    "wiring": "what {name} receives",
    "option": "the option {name}",
    "pipeline": "the pipeline's {name}",
}


def spoken(id_: str) -> str:
    """A node as people call it: a function or value by its name in its module, and what has no such name as it is."""
    module, _, name = id_.partition(":")
    return name if name and module.replace(".", "").isidentifier() else id_


def sentence(change: Change) -> str:
    """A change in one line, for people."""
    name = change.name.replace(":", ".").removeprefix("__main__.")
    subject = _SAID.get(change.what, "{name}").format(name=name)
    if change.what in ("code", "cosmetic"):
        if not change.before or not change.after:
            return f"{subject} is {'gone' if change.before else 'new'}"
        way = " → ".join(spoken(part) for part in change.via)
        return f"{subject} changed" + (f" (reached by {way})" if len(change.via) > 1 else "")
    if not change.before:
        return f"{subject} is new: {change.after}"
    if not change.after:
        return f"{subject} is gone (was {change.before})"
    return f"{subject}: {change.before} → {change.after}"
