"""What the commands print with ``--json``, from the classes that it is made from: the page in the docs, and a check.

``python tests/cli/json_page.py`` writes the page anew.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from twice.present.environment import DriftView, EnvironmentView, WrittenView
from twice.present.findings import CheckView, DiffView, Explanation, GcView, StressView
from twice.present.reports import VerdictView
from twice.present.views import Log, RunReport, StepDetail, VersionView

PAGE = Path(__file__).parents[2] / "docs" / "json.md"

COMMANDS: dict[str, type] = {
    "run": RunReport,
    "log": Log,
    "show": VersionView,
    "show V STEP": StepDetail,
    "diff": DiffView,
    "explain": Explanation,
    "verify": VerdictView,
    "stress": StressView,
    "env show · env lock · env build": EnvironmentView,
    "env diff": DriftView,
    "env export · env image": WrittenView,
    "check": CheckView,
    "gc": GcView,
}

_HEAD = """# What `--json` prints

Every command prints one JSON object with `--json`. This page is made from the classes that the output is made from
(`python tests/cli/json_page.py`), and a test holds the output of every command against it. Keys may be added in later
versions; none is taken away or changes its meaning within one major version. Times are texts in UTC (ISO 8601), digests
texts such as `blake3:3f0a…`. Numbers that JSON does not know (NaN, infinities) are printed as `NaN`, `Infinity` and
`-Infinity`, as Python's `json` writes and reads them.

The parts of a verdict that other programs mostly want:

    twice verify v1.0 --json | jq '.verdict, (.steps[] | {name, verdict, difference, causes: [.causes[].factor]})'

`factor` is one of `code`, `parameters`, `data`, `environment`, `hardware`, `seed`, `entropy`, `hash-seed`, `threads`,
`clock`, `locale`, `timezone`, `directory-order`, `path`, `memory-addresses`, `user-environment`, `network`,
`input-mutation` and `unknown`. The exit status says the same in short: 0 reproducible, 1 different or fails, 2 the call
was wrong, 3 inconclusive.
"""


def page() -> str:
    """The page."""
    parts = [_HEAD, "## Commands\n", "| command | prints |", "|---|---|"]
    parts += [f"| `twice {command}` | {_link(view)} |" for command, view in COMMANDS.items()]
    for view in _all():
        parts += ["", f"## {view.__name__}\n", f"{_summary(view)}\n", "| key | is | |", "|---|---|---|"]
        hints, said = get_type_hints(view), described(view)
        parts += [f"| `{one.name}` | {_type(hints[one.name])} | {said.get(one.name, '')} |" for one in fields(view)]
    return "\n".join(parts) + "\n"


def _all() -> list[type]:
    """Every class that is met, in the order in which it is."""
    found: dict[type, None] = {}
    pending = list(dict.fromkeys(COMMANDS.values()))
    for view in pending:  # grows while it is gone through
        if view not in found:
            found[view] = None
            pending += [inner for hint in get_type_hints(view).values() for inner in _views(hint)]
    return list(found)


def _views(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from _views(inner)


def _summary(view: type) -> str:
    return (view.__doc__ or "").partition("\n\n")[0].strip().replace("``", "`")


def described(view: type) -> dict[str, str]:
    """Attribute → what its class's docstring says of it; those of a class that it inherits from as well."""
    found: dict[str, str] = {}
    for base in reversed(view.__mro__):
        section = (base.__doc__ or "").partition("Attributes:\n")[2]
        for match in re.finditer(r"^ {8}(\w+): (.*(?:\n {9,}.*)*)", section, re.MULTILINE):
            found[match[1]] = " ".join(match[2].split()).replace("``", "`").replace("|", "\\|")
    return found


def _link(view: type) -> str:
    return f"[{view.__name__}](#{view.__name__.lower()})"


def _type(hint: Any) -> str:
    plain = {str: "text", int: "number", float: "number", bool: "true or false", type(None): "null"}
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return _link(hint)
    arguments = [argument for argument in get_args(hint) if argument is not Ellipsis]
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(argument) for argument in arguments))
    if get_origin(hint) is dict:
        return f"object: name → {_type(arguments[1])}"
    if get_origin(hint) in (tuple, list):
        return "list of " + " and ".join(dict.fromkeys(_type(argument) for argument in arguments))
    return "text" if isinstance(hint, type) and issubclass(hint, str) else "any"


def problems(data: Any, hint: Any, path: str = "") -> Iterator[str]:
    """Where some output is not as documented: keys that are missing or unknown, and values of another type."""
    if get_origin(hint) in (Union, types.UnionType):
        if all(list(problems(data, argument, path)) for argument in get_args(hint)):
            yield f"{path}: {data!r} is none of {hint}"
    elif isinstance(hint, type) and is_dataclass(hint):
        if not isinstance(data, dict):
            yield f"{path}: {data!r} is no {hint.__name__}"
            return
        known, hints = {one.name for one in fields(hint)}, get_type_hints(hint)
        yield from (f"{path}.{key} is missing" for key in known - data.keys())
        yield from (f"{path}.{key} is not documented" for key in data.keys() - known)
        yield from (f"{hint.__name__}.{key} has no words" for key in known - described(hint).keys())
        for key in known & data.keys():
            yield from problems(data[key], hints[key], f"{path}.{key}")
    elif get_origin(hint) in (tuple, list):
        arguments = get_args(hint)
        if not isinstance(data, list):
            yield f"{path}: {data!r} is no list"
            return
        for index, item in enumerate(data):
            inner = arguments[0] if Ellipsis in arguments or get_origin(hint) is list else arguments[index]
            yield from problems(item, inner, f"{path}[{index}]")
    elif get_origin(hint) is dict:
        for key, value in data.items():
            yield from problems(value, get_args(hint)[1], f"{path}.{key}")
    elif hint is float:
        if not isinstance(data, int | float) or isinstance(data, bool):
            yield f"{path}: {data!r} is no number"
    elif isinstance(hint, type):
        wanted = str if issubclass(hint, str) else hint
        if not isinstance(data, wanted) or (wanted is int and isinstance(data, bool)):
            yield f"{path}: {data!r} is no {wanted.__name__}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
