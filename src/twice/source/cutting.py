"""Definitions that no module leads to, cut out of their source and made anew with the variables around them.

A closure, a lambda or a function inside a test is put, as a syntax tree, into a function whose local variables are the
closure; the line numbers stay. What has no variables around it is carried out as it stands, beside its module's names
and not among them: there its own name means what it means in the module, which may be something else by now. Runs in a
worker, so it imports the standard library only.
"""

from __future__ import annotations
import __future__

import ast
import copy
from collections.abc import Callable, Mapping, Sequence
from types import CellType, CodeType, FunctionType
from typing import Any

_MAKER = "__make__.<locals>."
_MADE = "__made__"
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


class Cutting:
    """One definition, cut out of its source.

    Args:
        tree: The source.
        file: The file name that the code is to carry.
        entry: Where the definition stands there, and the variables around it; see :class:`twice.source.state.State`.

    Attributes:
        made: The function or class, once it is made.
    """

    def __init__(self, tree: ast.Module, file: str, entry: Mapping[str, Any]) -> None:
        self._tree = tree
        self._file = file
        self._entry = entry
        self._node: _Definition = next(
            node
            for node in ast.walk(tree)
            if isinstance(node, _Definition) and (node.lineno, node.col_offset) == (entry["line"], entry["column"])
        )
        heads = [*entry.get("bases", ()), *entry.get("metaclass", ())]
        self._bases = {f"__base_{place}__": number for place, number in enumerate(heads)}
        around, _, last = entry["qualname"].rpartition(".")
        self._name = "<lambda>" if isinstance(self._node, ast.Lambda) else self._node.name
        self._around = f"{around}." if around and last == self._name else ""
        # A class needs the variables around it while it is carried out; a function only when it is called, and by
        # then they may hold the function itself.
        self._is_class = isinstance(self._node, ast.ClassDef)
        self.made: Any = None

    def carry_out(
        self, namespace: dict[str, Any], value: Callable[[int], Any], variable: Callable[[int], CellType]
    ) -> Callable[[], None]:
        """Make the function or class.

        Args:
            namespace: Its module's variables.
            value: Brings the value of a number back.
            variable: The variable of a number; functions that share one around them have it from here.

        Returns:
            What gives the variables around it their values, if they are not given yet; to be called at the end.
        """
        cells = self._entry["cells"]
        if self._is_class:
            return self._carry_out_class(namespace, value)
        made: FunctionType = self._make(namespace, list(self._entry["closure"]), {})
        closure = {name: variable(self._entry["closure"][name]) for name in made.__code__.co_freevars}
        self.made = _enclosed(made, tuple(closure.values()))
        return lambda: _fill({name: closure[name] for name in cells}, lambda name: value(cells[name]))

    def _carry_out_class(self, namespace: dict[str, Any], value: Callable[[int], Any]) -> Callable[[], None]:
        """Make a class; without variables around it as it stands, so that its own name means what it does there."""
        cells = {name: number for name, number in self._entry["cells"].items() if name != self._name}
        given = {name: value(number) for name, number in {**cells, **self._bases}.items()}
        empty = self._entry["empty"]
        if cells or empty or self._around:
            self.made = self._make(namespace, [*given, *empty], given, empty)
        else:
            self._run(ast.Module([self._head()], []), namespace, given)
            self.made = given[self._name]
        return lambda: None

    def _make(
        self, namespace: dict[str, Any], names: list[str], values: Mapping[str, Any], empty: Sequence[str] = ()
    ) -> Any:
        """What a function gives that makes the definition, with local variables for what is around it.

        Args:
            namespace: The module's variables.
            names: The variables around it.
            values: Their values, as far as they have some.
            empty: Those that have none.
        """
        node = self._head() if isinstance(self._node, ast.ClassDef) else _bare(self._node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in names:
            node.name = _MADE  # by its own name its code means what the module calls so
        held = ast.Name("values", ast.Load())
        body: list[ast.stmt] = [
            ast.Assign([ast.Name(name, ast.Store())], _called(held, "get", ast.Constant(name))) for name in names
        ]
        if not isinstance(node, ast.Lambda):
            body.append(node)
        body += [ast.Delete([ast.Name(name, ast.Del())]) for name in empty]
        body.append(ast.Return(node if isinstance(node, ast.Lambda) else ast.Name(node.name, ast.Load())))
        maker = ast.FunctionDef(name="__make__", args=_one_argument("values"), body=body, decorator_list=[])
        local: dict[str, Any] = {}
        self._run(ast.Module([maker], []), namespace, local)
        return local["__make__"](values)

    def _run(self, written: ast.Module, namespace: dict[str, Any], local: dict[str, Any]) -> None:
        flags = future_flags(self._tree)
        if not self._is_class:  # a function's annotations may name what was not captured
            flags |= __future__.annotations.compiler_flag
        code = compile(ast.fix_missing_locations(written), self._file, "exec", flags=flags, dont_inherit=True)
        exec(_named(code, self._around, self._name), namespace, local)

    def _head(self) -> ast.ClassDef:
        """A class that finds what it inherits from, even where the words of its statement lead elsewhere by now."""
        assert isinstance(self._node, ast.ClassDef)
        node = copy.copy(self._node)
        names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in self._bases]
        if self._entry["metaclass"]:
            further = [keyword for keyword in node.keywords if keyword.arg != "metaclass"]
            node.keywords = [*further, ast.keyword("metaclass", names.pop())]
        node.bases = names or node.bases
        if self._entry["bare"]:
            node.decorator_list = []
        return node


def _enclosed(function: FunctionType, closure: tuple[CellType, ...]) -> FunctionType:
    """A function that was just made, with other variables around it."""
    made = FunctionType(function.__code__, function.__globals__, function.__name__, None, closure)
    made.__annotations__ = function.__annotations__
    if types := getattr(function, "__type_params__", None):  # from Python 3.12 on
        given: Any = made
        given.__type_params__ = types
    return made


def _fill(closure: Mapping[str, CellType], value: Callable[[str], Any]) -> None:
    """Give variables their values, as far as they have none: another function may have been given them before."""
    for name, variable in closure.items():
        try:
            _ = variable.cell_contents
        except ValueError:
            variable.cell_contents = value(name)


def future_flags(tree: ast.Module) -> int:
    """The compiler flags that a source's own ``from __future__`` imports stand for."""
    names = [
        alias.name
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    ]
    return sum({getattr(__future__, name).compiler_flag for name in names})


def _named(code: CodeType, around: str, name: str) -> CodeType:
    """The same code, in which everything is called what it was called where it was written."""

    def named(part: Any) -> Any:
        if isinstance(part, CodeType):
            return _named(part, around, name)
        if not isinstance(part, str) or not part.startswith(_MAKER):
            return part
        first, *further = part.removeprefix(_MAKER).split(".")
        return around + ".".join([name if first == _MADE else first, *further])

    own = name if code.co_name == _MADE else code.co_name
    constants = tuple(named(part) for part in code.co_consts)
    return code.replace(co_name=own, co_qualname=named(code.co_qualname), co_consts=constants)


def _bare(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda:
    """A definition without decorators and without defaults to compute; the defaults are put back by value."""
    node = copy.copy(node)
    if not isinstance(node, ast.Lambda):
        node.decorator_list = []
    node.args = copy.copy(node.args)
    nothing = ast.Constant(None)
    node.args.defaults = [nothing for _ in node.args.defaults]
    node.args.kw_defaults = [default and nothing for default in node.args.kw_defaults]
    return node


def _called(holder: ast.expr, method: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(holder, method, ast.Load()), [*arguments], [])


def _one_argument(name: str) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[ast.arg(name)], kwonlyargs=[], kw_defaults=[], defaults=[])
