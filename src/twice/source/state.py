"""What sources alone do not say: how to find each function again, closure cells, and the script's variables.

An imported module is brought back by importing its snapshot. A script or notebook (``__main__``) is never run again:
its definitions are carried out one by one, and its variables are given the values that they had. A function that no
module leads to (a closure, a lambda, a function inside a test) is cut out of its source and made anew with the cells it
had.

The outline is JSON; the values that it mentions by number are encoded one by one, with the hook of
:class:`~twice.source.reach.values.Values`, so that code inside a value is a reference into ``definitions``.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CellType, FunctionType, ModuleType

from twice.errors import CaptureError
from twice.source.installed import CACHED, WRAPPERS
from twice.source.modules import MAIN, Source
from twice.source.needs import imports_of, needs_of
from twice.source.normal import normalise
from twice.source.pieces import CLASS, IMPORT, Piece
from twice.source.reach.later import Gone, Installed, Names
from twice.source.reach.live import (
    ask,
    cells_of,
    class_cells,
    class_empty_around,
    is_local_function,
    is_remade,
    line_of,
    module_of,
    name_of,
    parts_of,
)
from twice.source.reach.places import placed
from twice.source.reach.sources import source_key
from twice.source.reach.walk import Reach
from twice.source.remaking import (
    bases_by_value,
    decorator_is_another,
    given_later,
    has_another_decorator,
    is_bare,
    metaclass_by_value,
    others,
)
from twice.source.uses import Import

Outline = dict[str, object]


@dataclass
class State:
    """What sources alone do not say.

    Attributes:
        outline: ``steps``: number and node id of each step's callable, and the local modules that it reaches, in the
            order in which they were imported; ``loaded``: the modules that were there; ``definitions``: node id → how
            to find or make it; ``main``: what the script's names stand for; ``values``: module → variable → number;
            ``held``: module → what parts have of variables that cannot be kept as a whole: variable, way, number;
            ``gone``: module → names that its own code binds and that somebody took away later;
            ``attributes``: node id of a class or function → attribute → number and wrapper; ``settings``: statements
            of the script that make process-wide settings; ``needs``: node id → what it needs at hand, see
            ``source.needs``; ``argv``: the number of the program's arguments, if something reached may read them.
        values: The values that are mentioned by number.
    """

    outline: Outline
    values: list[object] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)
    _variables: dict[int, int] = field(default_factory=dict)

    def number(self, value: object, reach: Reach) -> int:
        """The number of a value; one object has one number."""
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.values)
            self.values.append(placed(value, reach.roots))
            reach.graph.objects[f"value {len(self.values)}"] = value  # kept alive: it is known by identity
        return self._numbers[id(value)]

    def variable(self, cell: CellType) -> int:
        """The number of a variable around functions, which are kept alive: one that several share has one number."""
        return self._variables.setdefault(id(cell), len(self._variables))


_PARTED: dict[str, type] = {
    "property": property,
    "partial": functools.partialmethod,
    "cached property": functools.cached_property,
    "cache": CACHED,
}
"""What is brought back from its parts."""


def state_of(reach: Reach, steps: Mapping[str, object], nodes: Mapping[str, str]) -> State:
    """The state of a finished walk.

    Args:
        reach: The walk.
        steps: Each step's callable.
        nodes: The id of its node.
    """
    state = State({})
    definitions: dict[str, Outline] = {}
    main: dict[str, Outline] = {}
    for id_, node in list(reach.graph.nodes.items()):
        value = reach.graph.objects.get(id_)
        if node.kind in ("function", "class") and _is_own(value):
            assert isinstance(value, FunctionType | type)
            definitions[id_] = _definition(reach, state, id_, value)
    named = {str(entry["name"]): id_ for id_, entry in definitions.items() if entry["how"] == "main"}
    for name in reach.main_names:
        node_id = reach.names.known(MAIN, name) or named.get(name, "")
        main[name] = {**_main_entry(reach, state, name), "node": node_id}
    attributes = {
        id_: {attribute: _attribute(state, reach, value) for attribute, value in held.items()}
        for id_, held in reach.attributes.items()
    }
    values: dict[str, dict[str, int]] = {}
    for (module, name), value in {**reach.module_values, **reach.patches}.items():
        values.setdefault(module, {})[name] = state.number(value, reach)
    held: dict[str, list[object]] = {}
    for (home, *way), part in reach.held.items():
        held.setdefault(str(home), []).append([*way, state.number(part, reach)])
    state.outline |= {
        "held": held,
        "steps": {
            name: {
                "value": state.number(function, reach),
                "node": nodes[name],
                "imports": imports_of(reach, nodes[name]),
            }
            for name, function in steps.items()
        },
        "loaded": [name for name in reach.sources.modules if name in sys.modules],
        "definitions": definitions,
        "main": main,
        "values": values,
        "attributes": attributes,
        "gone": {name: gone for name in reach.sources.modules if (gone := _gone(reach, name))},
        "settings": [
            {
                "node": setting.node,
                "import": setting.module,
                "source": source_key(setting.source),
                "line": setting.statement.lineno if setting.statement else 0,
                "column": setting.statement.col_offset if setting.statement else 0,
                "values": {name: state.number(value, reach) for name, value in setting.values.items()},
            }
            for setting in reach.script.settings
        ],
        "needs": needs_of(reach),
        "argv": None if reach.argv is None else state.number(reach.argv, reach),
    }
    return state


def _gone(reach: Reach, module: str) -> list[str]:
    """The names that a module has no more, of those that it binds whatever the conditions."""
    if module == MAIN or module not in sys.modules:
        return []
    names = vars(sys.modules[module])
    bindings = reach.sources.survey(module).bindings
    return sorted(
        name for name, bound in bindings.items() if name not in names and all(not piece.known.column for piece in bound)
    )


def _is_own(value: object) -> bool:
    """Whether a function or class is local itself, and no wrapper that an installed library put around one."""
    return isinstance(value, type) or (isinstance(value, FunctionType) and is_local_function(value))


def _attribute(state: State, reach: Reach, value: object) -> Outline:
    """What was put onto a class or function, and how: a static method is held by the class in a wrapper."""
    if isinstance(value, Gone):
        return {"value": state.number(None, reach), "as": "gone"}
    if isinstance(value, Installed):
        return {"value": state.number(value.place, reach), "as": "installed"}
    for name, wrapper in WRAPPERS.items():
        if isinstance(value, wrapper):
            return {"value": state.number(value.__func__, reach), "as": name}
    if isinstance(value, Names):
        return {"value": state.number(value.names, reach), "as": "names"}
    for name, kind in _PARTED.items():
        if isinstance(value, kind):
            return {"value": state.number(parts_of(value), reach), "as": name}
    return {"value": state.number(value, reach), "as": ""}


def _definition(reach: Reach, state: State, id_: str, value: FunctionType | type) -> Outline:
    module = module_of(value) if isinstance(value, FunctionType) else reach.sources.homes.of(value)
    named = module == MAIN and vars(sys.modules[MAIN]).get(value.__qualname__) is value
    if named and _statement(reach, value.__qualname__, value)[1] is not None:
        return _main_definition(reach, id_, value.__qualname__)
    if module != MAIN and _importable(module, value.__qualname__) is value:
        return {"how": "import", "module": module, "name": value.__qualname__}
    if module == MAIN and "<locals>" not in value.__qualname__ and "." in value.__qualname__:
        outer, _, rest = value.__qualname__.partition(".")
        if outer in vars(sys.modules[MAIN]):
            return {**_main_definition(reach, id_, outer), "attributes": rest}
    if isinstance(value, type):
        source, definition = reach.sources.class_definition(value)
        cells = class_cells(value, source, definition)
        imported = module != MAIN and definition is not None and source is reach.library.module(module)
        if imported and definition is not None and _import_makes(value, definition):
            return {"how": "import", "module": module, "name": value.__qualname__, "line": definition.first}
    else:
        source = reach.library.of_code(value.__code__, module)
        definition = source.function(value.__code__) if source else None
        cells = cells_of(value)
    if source is None or definition is None:
        raise CaptureError(f"the definition of {id_} cannot be found.", hint="define it at the top level of a module")
    made: Outline = {
        "how": "define",
        "module": module,
        "source": source_key(source),
        "line": definition.known.line,
        "column": definition.known.column,
        "qualname": value.__qualname__,
        "cells": {name: state.number(held, reach) for name, held in cells.items()},
    }
    if isinstance(value, FunctionType):
        made["defaults"] = state.number(value.__defaults__, reach)
        made["kwdefaults"] = state.number(value.__kwdefaults__, reach)
        around = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        made["closure"] = {name: state.variable(cell) for name, cell in around}
    else:
        made["empty"] = class_empty_around(value, source, definition)
        made["bases"] = [state.number(base, reach) for base in bases_by_value(value, module, definition, cells)]
        metaclass = metaclass_by_value(value, module, definition, cells)
        made["metaclass"] = [state.number(metaclass, reach)] if metaclass is not None else []
        made["bare"] = module == MAIN and is_bare(value, definition, others(reach.sources, value.__name__, definition))
        made["needs"] = _needed_at_once(definition.node) if module == MAIN else ()
        made["name"] = value.__name__
        if module == MAIN and not made["bare"]:
            _refuse_other_decorator(reach, value, definition)
    return made


def _import_makes(class_: type, definition: Piece) -> bool:
    """Whether importing its module makes a class, though its name leads to something else by now.

    What ``dataclass(slots=True)`` gives back is another class than the statement made.
    """
    if "<locals>" in class_.__qualname__:
        return False
    return not definition.known.decorated or "__slots__" not in vars(class_)


def _refuse_other_decorator(reach: Reach, class_: type, definition: Piece) -> None:
    """Refuse a class of the script that only a decorator could make which is not there any more.

    Raises:
        CaptureError: It is one.
    """
    if has_another_decorator(reach.sources, definition):
        raise CaptureError(
            f"step {reach.at_work!r} reaches the class {class_.__qualname__} (line {definition.first}), and the name "
            "of its decorator was given to something else, by it or after it.",
            hint="give what came later another name, or define the class again below it",
        )


def _refuse_moved(reach: Reach, name: str, statement: Piece) -> None:
    """Refuse what only its own statement makes again, if the statement's words lead elsewhere by now.

    Raises:
        CaptureError: They do.
    """
    moved = given_later(reach.sources, statement, set(_needed_at_once(statement.node)) - {name})
    if moved:
        raise CaptureError(
            f"step {reach.at_work!r} reaches {name!r} (line {statement.first}), which only its own statement makes "
            f"again, and the name {moved!r} in it was given to something else after it.",
            hint="give what came later another name",
        )


def _main_definition(reach: Reach, id_: str, name: str) -> Outline:
    """A definition that one of the script's names leads to; whoever needs the one needs the other."""
    reach.main_names.setdefault(name)
    reach.graph.nodes[id_].names.setdefault(name)
    return {"how": "main", "name": name}


def _importable(module: str, qualname: str) -> object:
    found: object = sys.modules.get(module)
    for part in qualname.split("."):
        found = ask(found, part)
    return found


def _main_entry(reach: Reach, state: State, name: str) -> Outline:
    """How a script's name gets its value again: from its own definition, by reference, or as it was."""
    namespace = vars(sys.modules[MAIN])
    value = namespace[name]
    source, statement = _statement(reach, name, value)
    if source is not None and statement is not None:
        return {
            "how": "statement",
            "source": source_key(source),
            "line": statement.first,
            "column": statement.known.column,
            "needs": _needed_at_once(statement.node),
            "bare": isinstance(value, FunctionType) and value.__code__.co_firstlineno == statement.first,
            "then": [
                {"line": further.first, "column": further.known.column, "needs": _needed_at_once(further.node)}
                for further in reach.sources.survey_of(source).registrations(name)
            ],
        }
    if isinstance(value, ModuleType):
        return {"how": "module", "name": name_of(value)}
    container = type(value).__name__ if type(value) in (list, dict, set) else ""
    return {"how": "value", "value": state.number(value, reach), "container": container}


def _statement(reach: Reach, name: str, value: object) -> tuple[Source | None, Piece | None]:
    """The statement to carry out again for a name of the script, if that is the way."""
    sources: list[Source | None] = [reach.library.module(MAIN)]
    own = value if isinstance(value, FunctionType) else ask(value, "__wrapped__")
    if isinstance(own, FunctionType) and module_of(own) == MAIN:
        sources.append(reach.library.of_code(own.__code__, MAIN))
    if isinstance(value, type):
        if reach.sources.homes.of(value) != MAIN:
            return None, None
        sources.append(reach.sources.class_definition(value)[0])
    for source in sources:
        if source is None:
            continue
        top = reach.sources.survey_of(source)
        definition = top.definition(name, line_of(value))
        if definition is not None and _stands_for(value, definition, source, reach):
            return (None, None) if _made_otherwise(reach, value, definition) else (source, definition)
        bound = top.bindings.get(name)
        made = is_remade(value) or (isinstance(value, type) and reach.sources.class_definition(value)[1] is None)
        if made and bound and bound[-1].kind != IMPORT:
            _refuse_moved(reach, name, bound[-1])
            return source, bound[-1]
    return None, None


def _made_otherwise(reach: Reach, value: object, definition: Piece) -> bool:
    """Whether a definition of the script, carried out again, would not make what it made."""
    if isinstance(value, type):
        _refuse_other_decorator(reach, value, definition)
        moved = bases_by_value(value, MAIN, definition, {})
        return bool(moved) or metaclass_by_value(value, MAIN, definition, {}) is not None
    if not definition.known.decorated:
        return False
    return decorator_is_another(value) or has_another_decorator(reach.sources, definition)


def _stands_for(value: object, definition: Piece, source: Source, reach: Reach) -> bool:
    if isinstance(value, FunctionType):
        if value.__code__.co_firstlineno == definition.first and value.__code__.co_name == definition.name:
            found = reach.library.of_code(value.__code__, MAIN)
            return found is source
        return definition.known.decorated
    if isinstance(value, type):
        return definition.kind == CLASS and reach.sources.class_definition(value)[1] is definition
    return definition.known.decorated


def _needed_at_once(statement: ast.AST) -> tuple[str, ...]:
    """The names that carrying out a statement looks up, other than those in the bodies of functions."""
    names: dict[str, None] = {}
    for part in _header(statement):
        for use in normalise(part).uses:
            if not isinstance(use.name, Import):
                names.setdefault(use.name)
    return tuple(names)


def _header(statement: ast.AST) -> list[ast.AST]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = statement.args
        annotations = [a.annotation for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
        annotations += [a.annotation for a in (arguments.vararg, arguments.kwarg) if a is not None]
        found = [
            *statement.decorator_list,
            *arguments.defaults,
            *arguments.kw_defaults,
            *annotations,
            statement.returns,
        ]
        return [part for part in found if part is not None]
    if isinstance(statement, ast.ClassDef):
        found = [*statement.decorator_list, *statement.bases, *(keyword.value for keyword in statement.keywords)]
        return [*(part for part in found if part is not None), *(p for s in statement.body for p in _header(s))]
    return [statement]
