"""Each thing that a version promises to capture, and each edit that it promises to judge, has a case that names it."""

from __future__ import annotations

import pytest

from edits import everyday, foreign, further, rebound, sides, test_parameters_and_files, test_reruns, whole_process
from edits.cases import EDITS
from edits.changed_later import CHANGED_LATER
from edits.needless import NEEDLESS

assert foreign and further and whole_process and everyday and rebound and sides

NO_SUCH = ""  # there is no edit of it that must not count

# Item → edits after which the step must run again, and edits after which it must not. What begins with "run:" is tried
# from end to end, by running a pipeline twice.
CAPTURED: dict[str, tuple[str, str]] = {
    "helpers in other modules": ("a helper's body", "an unused helper"),
    "absolute imports": ("a helper, imported as a module", "an unused import"),
    "relative imports": (
        "a helper, in a package by a relative import",
        "what stands beside a helper, in a package by a relative import",
    ),
    "star imports": ("a helper, imported by star", "what stands beside a helper, imported by star"),
    "aliased imports": (
        "a helper, imported under another name",
        "what stands beside a helper, imported under another name",
    ),
    "conditional imports": ("a helper, imported by condition", "what stands beside a helper, imported by condition"),
    "TYPE_CHECKING imports": (
        "what an import under TYPE_CHECKING brings, where something reads annotations",
        "a helper that only annotations import",
    ),
    "imports inside functions": (
        "a helper, imported inside the step",
        "a docstring in a module that is not loaded yet",
    ),
    "module constants": ("a constant imported by name", "an unused constant"),
    "mutable globals": (
        "an item put into a global dictionary later",
        "a global list beside the one that the step uses",
    ),
    "closures and their cells": ("the cell of a closure", "the cell of a closure that is not used"),
    "default arguments": ("a default computed at import", "what a default that no step reaches is computed from"),
    "decorators": ("an argument of a decorator", "a decorator beside the one that the step uses"),
    "local decorators": ("a helper, behind a decorator of its own", "a decorator beside the one that the step uses"),
    "functools.partial": ("an argument of a partial", "a partial beside the one that the step uses"),
    "lambda": ("one of two lambdas on a line", "the other of two lambdas on a line"),
    "nested functions": (
        "a helper, in a nested function's default",
        "the name of a local function that is only called",
    ),
    "methods": ("a method", "a method beside the one that the step uses"),
    "class hierarchies": ("a helper, in a base class", "a class hierarchy beside the one that the step uses"),
    "metaclasses": ("a helper, in a metaclass", "a metaclass beside the one that the step uses"),
    "properties": ("a property", "a property beside the one that the step uses"),
    "descriptors": ("a helper, in a descriptor", "a descriptor beside the one that the step uses"),
    "dataclasses": ("a field of a dataclass", "a dataclass beside the one that the step uses"),
    "enums": ("an enum's member", "a enum beside the one that the step uses"),
    "generators": ("a generator that a generator delegates to", "a generator that nobody asks"),
    "async code": ("a coroutine that a coroutine awaits", "a coroutine that nobody awaits"),
    "singledispatch": ("a helper, by single dispatch", "a single dispatch beside the one that the step uses"),
    "callable instances": ("a helper, in a callable instance", "a callable instance beside the one that the step uses"),
    "lru_cache": ("a helper, behind a cache", "an unused function beside a cached one"),
    "getattr(module, name)": ("a helper, looked up by name", "a comment in a module that is looked into by name"),
    "registries filled at import": (
        "what a module that is only imported registers",
        "a dead function of a module that is only imported",
    ),
    "importlib.import_module": (
        "a helper, imported by a call",
        "what stands beside a helper, imported by a call at the top",
    ),
    "package data, importlib.resources": ("run: package data", "run: test_a_file_that_nobody_looked_at_is_no_change"),
    "data beside __file__": ("run: a file in the script's folder", NO_SUCH),
    "namespace packages": ("a helper, in a namespace package", "what stands beside a helper, in a namespace package"),
    "editable installs": ("a function of an editable install", "an unused function of an editable install"),
    "local extension modules": ("run: test_a_local_extension_module_counts_by_its_bytes", NO_SUCH),
    "modules that shadow an installed one": (
        "a module that shadows an installed one",
        "an unused function of a module that shadows",
    ),
    "monkey-patched functions": (
        "a monkey-patched function's body",
        "a monkey-patched function beside the one that the step uses",
    ),
}

EDITED: dict[str, tuple[str, str]] = {
    "version of an installed package": (
        "the version of an installed package that the step reaches",
        "the version of an installed package that the step does not reach",
    ),
    "a parameter default": (
        "a parameter's default",
        "a parameter's default of a function that the step does not reach",
    ),
    "a parameter of another step": (NO_SUCH, "run: test_what_belongs_to_another_step_does_not_count"),
    "an input touched": (NO_SUCH, "run: test_a_file_touched_with_the_same_content_is_no_change"),
    "an input of the same size and time": (
        "run: test_a_file_changed_with_the_same_size_and_time_is_noticed",
        NO_SUCH,
    ),
    "a file added to a globbed folder": ("run: the files that a pattern finds", NO_SUCH),
    "an environment variable": (
        "run: test_an_environment_variable_counts_if_it_is_looked_at",
        "run: test_an_environment_variable_counts_if_it_is_looked_at",
    ),
    "a re-exported constant": (
        "a constant that another module re-exports",
        "a constant that a re-exporting module has beside it",
    ),
    "two closures of the same text": ("which of two closures is used", "a closure beside the one that the step uses"),
    "an edit taken back": (NO_SUCH, "run: test_an_edit_that_is_taken_back_is_a_hit"),
    "a renamed local variable": ("local names that a query reads", "a renamed local variable"),
    "a moved function": ("the first line of a function", "a function moved below another"),
    "a reordered step list": (NO_SUCH, "run: test_what_belongs_to_another_step_does_not_count"),
    "a .pyc older than its source": (
        "run: test_a_compiled_file_that_is_older_than_its_source_is_not_believed",
        NO_SUCH,
    ),
    "a helper made dead": ("a helper made dead", "an unused helper"),
    "a default computed at import": (
        "a constant that a default is computed from",
        "a default computed at import beside the one that the step uses",
    ),
    "a module loaded again": (
        "a module that is written and loaded again",
        "what a module said before it was loaded again",
    ),
}


@pytest.mark.parametrize("item", [*CAPTURED, *EDITED])
def test_every_item_has_a_case_that_must_count_and_one_that_must_not(item: str) -> None:
    counts, does_not = {**CAPTURED, **EDITED}[item]
    for name, must in ((counts, True), (does_not, False)):
        if name.startswith("run: "):
            assert (
                hasattr(test_reruns, name[5:])
                or hasattr(test_parameters_and_files, name[5:])
                or (must and name[5:] in test_reruns.DEPENDS)
            )
        elif name:
            cases = [
                edit for edit in [*EDITS, *NEEDLESS, *CHANGED_LATER] if edit.name.removesuffix(" (script)") == name
            ]
            assert cases, f"there is no edit called {name!r}"
            assert all(bool(edit.matters or edit.why) == must for edit in cases)
    assert counts or does_not
