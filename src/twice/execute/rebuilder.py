"""Must this step run? Pure: it decides from what it is told, and says why.

A key is made of named ingredients, so that two keys can be told apart in words. A trace under the key may be reused if
everything it was seen to depend on still is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from twice.control.environ import ALL
from twice.control.facts import FACTS
from twice.records.canonical import of_plain
from twice.records.digest import Digest
from twice.records.environment import Interpreter, Settings
from twice.records.trace import FileRead, Trace


def ingredients(
    *,
    step: str,
    code: Digest,
    inputs: Mapping[str, Digest],
    references: Mapping[str, Digest],
    parameters: Mapping[str, Digest],
    seed: int,
    settings: Settings,
    interpreter: Interpreter,
    files: Mapping[str, Digest],
    cwd: str,
    strict: bool = False,
) -> dict[str, str]:
    """What a step's key is made of, by name.

    Args:
        step: The step's name; it shapes the seed.
        code: The semantic digest of all that it reaches, distributions with their versions included.
        inputs: Parameter → content of what it receives.
        references: Class or function named in an input → what its code means now.
        parameters: Parameter → content of the value that was set.
        seed: The pipeline's seed.
        settings: Determinism settings.
        interpreter: The Python that runs it.
        files: Declared input file → content.
        cwd: The working directory, from which relative paths are seen.
        strict: Whether it is refused what it does not declare. A step that was not is no evidence that it needs
            nothing else; and one that was may have gone another way than it would have.
    """
    found = {"step": step, "code": str(code), "seed": str(seed)}
    found |= {f"input {name}": str(digest) for name, digest in inputs.items()}
    found |= {f"class {name}": str(digest) for name, digest in references.items()}
    found |= {f"parameter {name}": str(digest) for name, digest in parameters.items()}
    found |= {f"file {name}": str(digest) for name, digest in files.items()}
    found |= {
        "interpreter": f"{interpreter.implementation} {interpreter.version}",
        "hash seed": str(settings.hash_seed),
        "threads": str(settings.threads),
        "time zone": settings.timezone,
        "locale": settings.locale,
        "working directory": cwd,
    }
    if settings.deterministic:
        found["deterministic"] = "what libraries offer for it is switched on"
    if strict:
        found["strict"] = "what is not declared is refused"
    return found


def key(found: Mapping[str, str]) -> Digest:
    """The digest of a step's ingredients."""
    return of_plain(["step", dict(found)])


@dataclass(frozen=True)
class World:
    """How things are here and now; each is asked only when needed.

    Attributes:
        file: The digest of a file's bytes, or None if it is not there.
        exists: Whether there is anything of that path.
        listing: The digest of the names in a folder, or None.
        variable: The digest of an environment variable's value, or None.
        distribution: The version of an installed distribution, or None.
        fact: The digest of what a look at a path shows: see ``control.facts``.
    """

    file: Callable[[str, str], Digest | None]
    exists: Callable[[str, str], bool]
    listing: Callable[[str, str], Digest | None]
    variable: Callable[[str], Digest | None]
    distribution: Callable[[str], str | None]
    fact: Callable[[str, str, str], Digest | None]


@dataclass(frozen=True)
class Decision:
    """Whether to run, why, and what may be reused.

    Attributes:
        trace: The trace to reuse; None if the step has to run.
        reason: In words, for a person.
    """

    trace: Trace | None
    reason: str


def decide(wanted: Mapping[str, str], traces: Iterable[Trace], earlier: Iterable[Trace], world: World) -> Decision:
    """Decide about one step.

    Args:
        wanted: Its ingredients now.
        traces: Traces under its key, oldest first.
        earlier: Traces of a step of this name in this pipeline, oldest first, to say what changed.
        world: How things are now.
    """
    changed = ""
    for trace in traces:
        changed = moved(trace, world)
        if not changed:
            return Decision(trace, "nothing it depends on has changed")
    if changed:
        return Decision(None, changed)
    before = list(earlier)
    if not before:
        return Decision(None, "it has not run before")
    # What changed is told against the run that was most like this one; of equals, against the last.
    nearest = min(reversed(before), key=lambda trace: unlikeness(trace.ingredients, wanted))
    return Decision(None, difference(nearest.ingredients, wanted))


COMPATIBLE = "its code has changed, and the edit was called compatible"
"""The reason of a step that somebody's word let be reused."""


def compatible(wanted: Mapping[str, str], earlier: Iterable[Trace], world: World) -> Decision | None:
    """The last trace of other code that may be reused, if everything but the code is as it was.

    Args:
        wanted: The step's ingredients now.
        earlier: Traces of a step of this name in this pipeline, oldest first.
        world: How things are now.
    """
    for trace in reversed(list(earlier)):
        differ = {name for name, _ in set(trace.ingredients.items()) ^ set(wanted.items())}
        if all(name == "code" or name.startswith("class ") for name in differ) and not moved(trace, world):
            return Decision(trace, COMPATIBLE)
    return None


def moved(trace: Trace, world: World) -> str:
    """What a trace was seen to depend on that is no longer as it was, in words; empty if all is."""
    if trace.watched.unstable:
        return f"{trace.watched.unstable[0]} changed while it ran last"
    for file in trace.watched.files:
        if why := _file_moved(file, world):
            own = file.what == "missing" and (file.root, file.path) in trace.watched.written
            return f"{why}: an earlier run of the step left it" if own else why
    for variable in trace.watched.variables:
        if world.variable(variable.name) != variable.content:
            if variable.name == ALL:
                return "environment variables were added or taken away, and it takes all of them"
            return f"the environment variable {variable.name} has changed"
    for loaded in trace.watched.distributions:
        name, _, version = loaded.partition("==")
        now = world.distribution(name)
        if now != version:
            return f"{name} {version} is not installed any more" if now is None else f"{name} is {now}, was {version}"
    return ""


def _file_moved(file: FileRead, world: World) -> str:
    if file.what == "listing":
        now = world.listing(file.root, file.path)
        return "" if now == file.content else f"the files in {file.path} are others"
    if file.what in ("exists", "missing"):
        there = world.exists(file.root, file.path)
        if there == (file.what == "exists"):
            return ""
        return f"{file.path} is there now" if there else f"{file.path} is not there any more"
    if file.what in FACTS:
        same = world.fact(file.what, file.root, file.path) == file.content
        return "" if same else f"{_FACTS[file.what].format(file.path)} has changed"
    now = world.file(file.root, file.path)
    if now == file.content:
        return ""
    return f"{file.path} is not there any more" if now is None else f"{file.path} has changed"


_FACTS = {
    "link": "the target of {}",
    "size": "the size of {}",
    "times": "the time of the last change of {}",
    "attributes": "an extended attribute of {}",
    "modules": "what can be imported from {}",
}

_WORDS = {
    "code": "its code has changed",
    "seed": "the seed has changed",
    "interpreter": "another Python",
    "threads": "another number of threads",
    "time zone": "another time zone",
    "locale": "another locale",
    "hash seed": "another hash seed",
    "working directory": "another working directory",
    "strict": "strict or not",
    "deterministic": "deterministic or not",
}


def _said(name: str) -> str:
    """An ingredient's name as people say it."""
    kind, _, rest = name.partition(" ")
    if kind == "file":
        return rest.partition("/")[2] or rest  # without the root that it lies below
    if kind == "class":
        return f"the code of {rest.partition(':')[2] or rest}, which an input holds,"
    return f"the package {rest}" if kind == "distribution" else name


def unlikeness(before: Mapping[str, str], now: Mapping[str, str]) -> int:
    """How far two sets of ingredients are apart: 0 if they are the same."""
    return len(set(before.items()) ^ set(now.items()))


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs between two sets of ingredients, in words."""
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    found = []
    for name in names:
        said = _said(name)
        if name in _WORDS:
            found.append(_WORDS[name])
        elif name.startswith("distribution "):  # it is an ingredient of its own once it is not what the code says
            found.append(f"{said} has changed")
        elif name not in before:
            found.append(f"{said} is new")
        elif name not in now:
            found.append(f"{said} is gone")
        else:
            found.append(f"{said} has changed")
    order = sorted(found, key=lambda words: (not words.startswith("its code"), words))
    return (
        ", ".join(order[:3]) + (f" and {len(order) - 3} more" if len(order) > 3 else "") or "nothing that was recorded"
    )
