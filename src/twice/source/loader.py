"""Captured code, brought back in a worker process.

Runs where the user's packages are and Twice's own may not be, so this module imports the standard library only. Local
modules come from the snapshot's bytes, whatever lies in the working tree; their ``__file__`` points into the root, so
that data beside them is found.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import functools
import importlib
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from twice.source.cutting import Cutting, future_flags
from twice.source.importer import MAIN, Module, SnapshotImporter
from twice.source.installed import WRAPPERS, found_at, place_of

_DEFAULTS = ("__defaults__", "__kwdefaults__")
_WRAPPERS: dict[str, Callable[[Any], Any]] = {
    **WRAPPERS,
    "property": lambda parts: property(*parts),
    "partial": lambda parts: functools.partialmethod(parts[0], *parts[1], **parts[2]),
    "cached property": lambda parts: cached_property(parts[0]),
    "cache": lambda parts: functools.lru_cache(parts[1], parts[2])(parts[0]),
}
"""How a class holds what it does not hold as it is."""


class Code:
    """The captured code of one version, ready to be called.

    Args:
        modules: The snapshot's modules; cells are named ``__main__/cell-….py``.
        outline: See :class:`twice.source.state.State`.
        decode: Brings the value of a number back, each time anew; it uses the ``hooks`` of this object.
    """

    def __init__(self, modules: Sequence[Module], outline: Mapping[str, Any], decode: Callable[[int], Any]) -> None:
        self.modules = {module.name: module for module in modules}
        self.outline = outline
        self.decode = decode
        self.main: types.ModuleType | None = None
        self._values: dict[int, Any] = {}
        self.made: dict[str, Any] = {}
        self._under_way: set[str] = set()
        self._empty: set[str] = set()
        self._provided: set[str] = set()
        self._trees: dict[str, ast.Module] = {}
        self._loading = 0
        self._loaded: list[tuple[str, dict[str, Any]]] = []
        self._put: dict[tuple[str, str], dict[str, Any]] = {}
        self._classes: dict[tuple[str, str, int], type] = {}
        self._variables: dict[int, types.CellType] = {}

    def value(self, number: int) -> Any:
        """A captured value; one number is one object."""
        if number not in self._values:
            self._values[number] = self.decode(number)
        return self._values[number]

    # -- the way in

    def install(self) -> None:
        """Make this code importable, and make its ``__main__`` the process's."""
        for module in self.modules.values():
            if module.name.partition("/")[0] == MAIN:
                module.remember_lines()
        self.main = types.ModuleType(MAIN)
        own = self.modules.get(MAIN)
        if own is not None:
            self.main.__file__ = own.file
        sys.argv = [own.file if own is not None else ""]
        if self.outline.get("argv") is not None:
            sys.argv = self.value(self.outline["argv"])
        self.main.__dict__["__builtins__"] = __builtins__
        self.main.__dict__["__getattr__"] = self._late
        sys.modules[MAIN] = self.main
        if any("line" in entry for entry in self.outline["definitions"].values() if entry["how"] == "import"):
            self._note_classes()
        sys.meta_path.insert(0, SnapshotImporter(self.modules, self.run_module))

    def _note_classes(self) -> None:
        """Note each class that importing makes: by the time that somebody asks, its name may lead elsewhere."""
        build, names = builtins.__build_class__, {module.file: module.name for module in self.modules.values()}

        def noted(body: types.FunctionType, name: str, *bases: Any, **keywords: Any) -> Any:
            made, code = build(body, name, *bases, **keywords), body.__code__
            if code.co_filename in names:
                self._classes[names[code.co_filename], code.co_qualname, code.co_firstlineno] = made
            return made

        builtins.__build_class__ = noted  # type: ignore[assignment]

    def prepare(self, step: str) -> None:
        """Make the script's settings, and have everything ready that a step's code looks up.

        The rest is made when somebody asks for it: a class inside an input, say, by its name.
        """
        for setting in self.outline["settings"]:
            self._set(setting)
        self._import_in_order(self.outline["steps"][step]["imports"])
        self._provide(self.outline["steps"][step]["node"])

    def _import_in_order(self, modules: Sequence[str]) -> None:
        """Import what a step reaches in the order in which it was imported where the step was written.

        A module may change another one while it is imported. What was changed gets its captured value after all of
        them: given earlier, the change would be carried out on it once more.
        """
        self._loading += 1
        try:
            for name in modules:
                with contextlib.suppress(Exception):  # what fails here fails again where it is used
                    importlib.import_module(name)
        finally:
            self._loading -= 1
        self._see_to_changes()

    def step(self, name: str) -> Callable[..., Any]:
        """A step's callable."""
        function: Callable[..., Any] = self.value(self.outline["steps"][name]["value"])
        return function

    def _provide(self, node: str) -> None:
        """Have ready what a node, and everything that it reaches, looks up in the script and in packages.

        Args:
            node: Its id.
        """
        needs = self._new_needs(node)
        if not needs:
            return
        assert self.main is not None
        namespace = self.main.__dict__
        before = set(namespace)
        for submodule in dict.fromkeys(name for need in needs for name in need["submodules"]):
            with contextlib.suppress(ImportError):  # what fails here fails again where it is used
                importlib.import_module(submodule)
        main = self.outline["main"]
        names = {name for need in needs for name in need["names"] if name in main}
        # Modules and values first: a decorator may look at them while a definition is carried out, as one is where a
        # list or dict holds what it defines. Lists, dicts and sets are there before all, empty.
        for name in sorted(names):
            self._lay_out(name, main[name])
        for _, name in sorted((_turn(main[name]), name) for name in names):
            self.ensure(name)
        for name, entry in main.items():
            if name in namespace and name not in before:
                self._restore(name, entry)

    def _set(self, setting: Mapping[str, Any]) -> None:
        """Make one of the script's settings again."""
        assert self.main is not None
        self._provide(setting["node"])
        if setting["import"]:
            importlib.import_module(setting["import"])
            return
        around = {**self.main.__dict__, **{name: self.value(value) for name, value in setting["values"].items()}}
        self._carry_out(self.modules[setting["source"]], setting["line"], setting["column"], around)

    def _new_needs(self, node: str) -> list[Mapping[str, Any]]:
        """What a node, and everything that it reaches, needs at hand, without what was provided already."""
        found: list[Mapping[str, Any]] = []
        pending = [node]
        while pending:
            id_ = pending.pop()
            if id_ in self.outline["needs"] and id_ not in self._provided:
                self._provided.add(id_)
                found.append(self.outline["needs"][id_])
                pending += found[-1]["reaches"]
        return found

    # -- the script's names

    def _late(self, name: str) -> Any:
        entry = self.outline["main"].get(name)
        if entry is None:
            raise AttributeError(f"the script's {name!r} was not captured: no step reaches it")
        self._provide(entry["node"])
        return self.ensure(name)

    def ensure(self, name: str) -> Any:
        """The value of a script's name, made now if it has not been."""
        assert self.main is not None
        namespace = self.main.__dict__
        if name in namespace and name not in self._under_way and name not in self._empty:
            return namespace[name]
        entry = self.outline["main"].get(name)
        if entry is None or name in self._under_way:
            if entry is not None and entry["how"] == "module" and entry["name"] in sys.modules:
                namespace[name] = sys.modules[entry["name"]]  # somebody needs it while it is imported
            return namespace.get(name)
        self._under_way.add(name)
        try:
            if entry["how"] == "module":
                namespace[name] = importlib.import_module(entry["name"])
            elif entry["how"] == "value":
                self._give(name, entry, namespace)
            else:
                for statement in (entry, *entry["then"]):
                    for needed in statement["needs"]:
                        self.ensure(needed)
                    # What its decorators need may be under way, as where an object is brought back that holds it.
                    missing = any(one in self.outline["main"] and one not in namespace for one in statement["needs"])
                    bare = missing and entry["bare"] and statement is entry
                    source = self.modules[entry["source"]]
                    self._carry_out(source, statement["line"], statement["column"], namespace, bare=bare)
                self._give_attributes(MAIN, name)
        finally:
            self._under_way.discard(name)
        return namespace.get(name)

    def _carry_out(
        self, module: Module, line: int, column: int, namespace: dict[str, Any], *, bare: bool = False
    ) -> None:
        """Run one statement of the script again: a definition, with its decorators unless it is to be bare."""
        tree = self._tree(module)
        for statement in ast.walk(tree):
            if isinstance(statement, ast.stmt) and _starts_at(statement, line) and statement.col_offset == column:
                carried = copy.copy(statement)
                if bare and isinstance(carried, ast.FunctionDef | ast.AsyncFunctionDef):
                    carried.decorator_list = []
                body = ast.Module([carried], [])
                exec(compile(body, module.file, "exec", flags=future_flags(tree), dont_inherit=True), namespace)
                return
        raise LookupError(f"no statement at line {line} of {module.file}")

    def _give_attributes(self, module: str, name: str = "") -> None:
        """Put onto classes and functions what was put onto them after their definition.

        Args:
            module: The module that they are defined in.
            name: Only what this name of the module leads to.
        """
        for id_, attributes in self.outline["attributes"].items():
            home, _, path = id_.partition(":")
            entry = self.outline["definitions"].get(id_, {})
            if entry.get("how") == "define":
                continue  # the name may lead to something else by now; what is cut out gets its own
            path = entry.get("name", path) if entry.get("how") == "import" else path
            if home == module and "<locals>" not in path and (not name or path.partition(".")[0] == name):
                holder: Any = sys.modules[module]
                for part in path.split("."):
                    holder = getattr(holder, part, None)
                if "line" in entry:
                    holder = self._classes.get((module, path, entry["line"]))
                if isinstance(holder, type | types.FunctionType):
                    self._put_onto(holder, attributes)

    def _put_onto(self, holder: Any, attributes: Mapping[str, Any]) -> None:
        for way, held in attributes.items():
            *path, attribute = way.split("\n")
            value = self.value(held["value"])
            if held["as"] == "names":
                for lost in [name for name in vars(holder) if not name.startswith("__") and name not in value]:
                    delattr(holder, lost)
                continue
            if held["as"] in ("gone", "installed"):
                _as_it_was(holder, attribute, value if held["as"] == "installed" else None)
                continue
            if attribute == "__abstractmethods__":
                value = frozenset(value)
            if path or attribute == "__code__":
                _set_of_function(holder, path, attribute, value)
                continue
            wrap: Callable[[Any], Any] | None = _WRAPPERS.get(held["as"])
            of_function = attribute in _DEFAULTS and isinstance(holder, types.FunctionType)
            now = getattr(holder, attribute) if of_function else vars(holder).get(attribute)
            missing = not of_function and attribute not in vars(holder)
            if missing or not _same(getattr(now, "__func__", now) if wrap else now, value):
                made = wrap(value) if wrap else value
                setattr(holder, attribute, made)
                if isinstance(made, cached_property):
                    made.__set_name__(holder, attribute)

    def _lay_out(self, name: str, entry: Mapping[str, Any]) -> None:
        """Let a list, dict or set of the script be there before its contents are.

        Bringing these back may carry out a definition whose decorator writes into it.
        """
        assert self.main is not None
        if not entry.get("container") or name in self.main.__dict__:
            return
        if entry["value"] not in self._values:
            self._values[entry["value"]] = {"list": list, "dict": dict, "set": set}[entry["container"]]()
            self._empty.add(name)
        self.main.__dict__[name] = self._values[entry["value"]]

    def _give(self, name: str, entry: Mapping[str, Any], namespace: dict[str, Any]) -> None:
        """Give a variable of the script its captured value."""
        if not entry["container"]:
            namespace[name] = self.value(entry["value"])
            return
        self._lay_out(name, entry)
        if name in self._empty:
            self._empty.discard(name)
            _fill(namespace[name], self.decode(entry["value"]))

    def _restore(self, name: str, entry: Mapping[str, Any]) -> None:
        """Give a list, dict or set its captured contents again, in case carrying out definitions changed it."""
        if entry["how"] == "value" and entry["container"] and self.changes_on_definition:
            assert self.main is not None
            _fill(self.main.__dict__[name], self.decode(entry["value"]))

    @cached_property
    def changes_on_definition(self) -> bool:
        """Whether a definition with a decorator is carried out, which may write into the script's variables."""
        return any(entry["how"] == "statement" and entry["needs"] for entry in self.outline["main"].values())

    def _tree(self, module: Module) -> ast.Module:
        if module.name not in self._trees:
            self._trees[module.name] = ast.parse(module.data, filename=module.file)
        return self._trees[module.name]

    # -- code inside values

    @property
    def hooks(self) -> dict[str, Callable[[Any], Any]]:
        """The way back for what the capture's hook wrote down."""
        return {
            "twice.code": self.definition,
            "twice.module": importlib.import_module,
        }

    def definition(self, id_: str) -> Any:
        """The function or class of a node."""
        if id_ not in self.made:
            self._provide(id_)
        if id_ not in self.made:
            self.made[id_] = self._make(id_, self.outline["definitions"][id_])
        return self.made[id_]

    def _make(self, id_: str, entry: Mapping[str, Any]) -> Any:
        if entry["how"] == "main":
            found = self.ensure(entry["name"])
            for part in entry.get("attributes", "").split(".") if entry.get("attributes") else ():
                found = getattr(found, part)
            return found
        if entry["how"] == "import":
            found = importlib.import_module(entry["module"])
            if "line" in entry:
                return self._classes[entry["module"], entry["name"], entry["line"]]
            for part in entry["name"].split("."):
                found = getattr(found, part)
            return found
        return self._cut_out(id_, entry)

    def _cut_out(self, id_: str, entry: Mapping[str, Any]) -> Any:
        """Make a function or class anew from its place in the source, with the variables around it."""
        module = self.modules[entry["source"]]
        for needed in entry.get("needs", ()):
            self.ensure(needed)
        cutting = Cutting(self._tree(module), module.file, entry)
        fill = cutting.carry_out(self._namespace(entry["module"]), self.value, self._variable)
        made = cutting.made
        self.made[id_] = made
        made.__qualname__ = entry["qualname"]
        made.__name__ = entry.get("name", made.__name__)
        made.__module__ = entry["module"]
        if isinstance(made, types.FunctionType):
            made.__defaults__ = self.value(entry["defaults"])
            made.__kwdefaults__ = self.value(entry["kwdefaults"])
        fill()
        self._put_onto(made, self.outline["attributes"].get(id_, {}))
        return made

    def _variable(self, number: int) -> types.CellType:
        """A variable around functions; one number is one variable, whoever shares it."""
        return self._variables.setdefault(number, types.CellType())

    def _namespace(self, module: str) -> dict[str, Any]:
        if module == MAIN:
            assert self.main is not None
            return self.main.__dict__
        return importlib.import_module(module).__dict__

    # -- imported modules

    def run_module(self, name: str, namespace: dict[str, Any], code: types.CodeType) -> None:
        """Run an imported module's own code, then see to what was changed from outside after the import.

        Variables, attributes and functions that somebody changed later keep what they had in the end. That waits
        until no import is under way any more, since it may need what a module further out has yet to define.
        """
        held = self._held_by_others(name)
        self._loading += 1
        try:
            exec(code, namespace)
        finally:
            self._loading -= 1
        self._let_be(held)
        self._loaded.append((name, namespace))
        self._see_to_changes()

    def _see_to_changes(self) -> None:
        while self._loaded and not self._loading:
            loaded, its_names = self._loaded.pop(0)
            for variable, value in self.outline["values"].get(loaded, {}).items():
                captured = self.value(value)
                now = its_names.get(variable)
                if not _same(now, captured) and not _of_one_definition(now, captured):
                    its_names[variable] = captured
                self._put[loaded, variable] = its_names
            for variable in self.outline.get("gone", {}).get(loaded, ()):
                its_names.pop(variable, None)
            for variable, *way, value in self.outline.get("held", {}).get(loaded, ()):
                _hold_again(its_names[variable], way, self.value(value))
            self._give_attributes(loaded)

    def _held_by_others(self, name: str) -> list[tuple[dict[str, Any], str, Any, Any]]:
        """What variables that have their captured values hold before a module is imported.

        If the module was there when the values were captured, what it does to them is in them already.
        """
        if name not in self.outline["loaded"]:
            return []
        found = []
        for (_, variable), its_names in self._put.items():
            value = its_names.get(variable)
            found.append((its_names, variable, value, value.copy() if isinstance(value, list | dict | set) else None))
        return found

    def _let_be(self, held: list[tuple[dict[str, Any], str, Any, Any]]) -> None:
        """Take back what an import did to variables that have their captured values."""
        for its_names, variable, value, contents in held:
            its_names[variable] = value
            if contents is not None:
                _fill(value, contents)


def _as_it_was(holder: Any, attribute: str, place: str | None) -> None:
    """Let a class have the installed code that it had under a name, or nothing where it had none any more.

    What cannot be imported was made by a library when the class was, so the class made again has one of its own.
    """
    if place is None:
        if attribute in vars(holder):
            delattr(holder, attribute)
        return
    if place_of(vars(holder).get(attribute)) != place:
        with contextlib.suppress(ImportError, AttributeError):
            setattr(holder, attribute, found_at(place))


def _set_of_function(holder: Any, path: list[str], attribute: str, value: Any) -> None:
    """Set the defaults or the code of a function, or of one that a class has."""
    for part in path:
        holder = getattr(holder, part) if isinstance(holder, property) else vars(holder).get(part)
        holder = getattr(holder, "__func__", holder)
    if isinstance(holder, types.FunctionType):
        setattr(holder, attribute, value.__code__ if attribute == "__code__" else value)


def _hold_again(holder: Any, way: Sequence[Any], value: Any) -> None:
    """Give a part of something what it had: what a context variable was set to, an attribute, an item."""
    for how, key in zip(way[:-2:2], way[1:-2:2], strict=True):
        if how == "variable":
            holder = _variable_around(holder, key).cell_contents
            continue
        holder = holder.get() if how == "set" else vars(holder)[key] if how == "attribute" else holder[key]
    how, key = way[-2:]
    if how == "set":
        holder.set(value)
        return
    if how == "variable":
        variable = _variable_around(holder, key)
        if not _same(variable.cell_contents, value):
            variable.cell_contents = value
        return
    names = vars(holder) if how == "attribute" else holder
    now = names.get(key) if isinstance(names, dict) else names[key]
    if not _same(now, value):
        names[key] = value


def _variable_around(function: types.FunctionType, name: str) -> types.CellType:
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    return closure[name]


def _fill(container: Any, contents: Any) -> None:
    container.clear()
    if isinstance(container, list):
        container.extend(contents)
    else:
        container.update(contents)


def _same(left: object, right: object) -> bool:
    if isinstance(left, types.FunctionType | type):
        return left is right
    from twice.values.encode import encode

    try:
        first, second = encode(left), encode(right)
    except Exception:
        return False
    return first.skeleton == second.skeleton and [bytes(b) for b in first.buffers] == [bytes(b) for b in second.buffers]  # type: ignore[arg-type]


def _of_one_definition(left: object, right: object) -> bool:
    """Whether importing made a function of the very definition, of which only the variables around it may differ."""
    functions = isinstance(left, types.FunctionType) and isinstance(right, types.FunctionType)
    return functions and _place(left.__code__) == _place(right.__code__)  # type: ignore[attr-defined]


def _place(code: types.CodeType) -> tuple[str, int, int | None, str]:
    """Where some code stands: of several functions on one line, the column tells."""
    column = next((position[2] for position in code.co_positions() if position[0] == code.co_firstlineno), None)
    return code.co_filename, code.co_firstlineno, column, code.co_name


def _turn(entry: Mapping[str, Any]) -> tuple[int, str, int]:
    how = "container" if entry.get("container") else entry["how"]
    return (("module", "value", "container", "statement").index(how), entry.get("source", ""), entry.get("line", 0))


def _starts_at(statement: ast.stmt, line: int) -> bool:
    decorators = getattr(statement, "decorator_list", None)
    return (decorators[0].lineno if decorators else statement.lineno) == line
