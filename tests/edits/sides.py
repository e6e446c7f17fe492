"""Both sides of each kind of thing: two of a kind stand side by side, the step uses one, and either is edited.

Beside every way to reach a helper, too, something stands in the helper's module that nobody uses.
"""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

from edits import cases
from edits.changed_later import CHANGED_LATER

KINDS: dict[str, tuple[str, str]] = {
    "global list": ("{n} = [1]\n{n}.append(K)\n", "{n}[1]"),
    "closure": ("def make_{n}(k):\n    def inner():\n        return k\n    return inner\n{n} = make_{n}(K)\n", "{n}()"),
    "decorator": ("def d_{n}(f):\n    def inner():\n        return f() + K\n    return inner\n@d_{n}\ndef {n}():\n    return 1\n", "{n}()"),
    "decorator from a library": ("import functools\n@functools.lru_cache\ndef {n}():\n    return K\n", "{n}()"),
    "partial": ("import functools\n{n} = functools.partial(max, K)\n", "{n}(-1)"),
    "lambda": ("{n} = lambda: K\n", "{n}()"),
    "nested function": ("def {n}():\n    def inner():\n        return K\n    return inner()\n", "{n}()"),
    "method": ("class {n}:\n    def go(self):\n        return K\n", "{n}().go()"),
    "class hierarchy": ("class B_{n}:\n    def go(self):\n        return K\nclass {n}(B_{n}):\n    pass\n", "{n}().go()"),
    "metaclass": ("class M_{n}(type):\n    def go(cls):\n        return K\nclass {n}(metaclass=M_{n}):\n    pass\n", "{n}.go()"),
    "property": ("class {n}:\n    @property\n    def p(self):\n        return K\n", "{n}().p"),
    "descriptor": ("class D_{n}:\n    def __get__(self, obj, kind=None):\n        return K\nclass {n}:\n    d = D_{n}()\n", "{n}().d"),
    "dataclass": ("import dataclasses\n@dataclasses.dataclass\nclass {n}:\n    x: int = K\n", "{n}().x"),
    "enum": ("import enum\nclass {n}(enum.Enum):\n    A = K\n", "{n}.A.value"),
    "generator": ("def {n}():\n    yield K\n", "list({n}())"),
    "coroutine": ("import asyncio\nasync def {n}():\n    return K\n", "asyncio_of({n})"),
    "single dispatch": ("import functools\n@functools.singledispatch\ndef {n}(x):\n    return x\n@{n}.register\ndef _{n}(x: int):\n    return K\n", "{n}(1)"),
    "callable instance": ("class C_{n}:\n    def __call__(self):\n        return K\n{n} = C_{n}()\n", "{n}()"),
    "named tuple": ("import typing\nclass {n}(typing.NamedTuple):\n    x: int = K\n", "{n}().x"),
    "default computed at import": ("def {n}(x=[K]):\n    return x\n", "{n}()"),
    "monkey-patched function": ("def {n}():\n    return 0\ndef p_{n}():\n    return K\n{n}.__code__ = p_{n}.__code__\n", "{n}()"),
}  # fmt: skip
"""Kind → its definition, in which ``{n}`` is a name and ``K`` a number, and how the step asks for it."""

_ON_IMPORT = ("global list", "single dispatch", "monkey-patched function")
"""Kinds that a module makes by more than binding names, so that both count for whoever imports it."""

_RUN = "import asyncio\ndef asyncio_of(f):\n    return asyncio.run(f())\n"

for _kind, (_text, _ask) in KINDS.items():
    for _script in (False, True):
        _one, _two = (
            _text.replace("{n}", name).replace("K", number) for name, number in (("One", "11"), ("Two", "22"))
        )
        _step = "def step():\n    return " + _ask.replace("{n}", "One" if _script else "kinds.One") + "\n"
        _files = (
            {"flow.py": _RUN + _one + _two + _step}
            if _script
            else {"kinds.py": _one + _two, "flow.py": f"import kinds\n{_RUN}{_step}"}
        )
        _file = "flow.py" if _script else "kinds.py"
        for _what, _old, _new in (
            ("that the step uses", "11", "12"),
            ("beside the one that the step uses", "22", "23"),
        ):
            if not _script and _new == "23" and _kind in _ON_IMPORT:
                continue
            cases.edit(
                f"a {_kind} {_what}",
                _files,
                (_file, _old, _new),
                matters=_what == "that the step uses",
                main=_script,
                into=CHANGED_LATER,
            )

_AS_A_WHOLE = ("inside the step", "into a global", "in an outer", "in a class body", "around as", "in a table of", "looked up by", "by a call", "by __import__", "by sys.modules", "by operator", "behind a module's")  # fmt: skip
"""Ways by which the helper's whole module counts; that is among the needless runs."""

for _edit in [edit for edit in cases.EDITS if edit.name.startswith("a helper, ") and not edit.main]:
    _way = _edit.name.removeprefix("a helper, ")
    if _way == "imported by a call at the top" or not any(words in _way for words in _AS_A_WHOLE):
        cases.edit(
            f"what stands beside a helper, {_way}",
            _edit.before,
            ("tool.py", "", "\ndef nobody(x):\n    return x\n"),
            matters=False,
            into=CHANGED_LATER,
        )

cases.edit(
    "a docstring in a module that is not loaded yet",
    {
        "tool.py": "def f():\n    'One.'\n    return 1\n",
        "flow.py": "def step():\n    import tool\n    return tool.f()\n",
    },
    ("tool.py", "One", "Two"),
    matters=False,
    into=CHANGED_LATER,
)
cases.edit(
    "a parameter's default of a function that the step does not reach",
    {"flow.py": "def f(x=1):\n    return x\ndef g(x=2):\n    return x\ndef step():\n    return f()\n"},
    ("flow.py", "x=2", "x=3"),
    matters=False,
    both=True,
    into=CHANGED_LATER,
)
