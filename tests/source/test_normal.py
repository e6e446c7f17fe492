"""The laws of the normal form: what leaves a mark in it, and what does not."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from twice.source.normal import UNKNOWN_FIELDS, normalise
from twice.source.uses import Normal


def normal(text: str, *, keep_annotations: bool = False, keep_docstrings: bool = False) -> Normal:
    tree = ast.parse(dedent(text))
    return normalise(tree.body[0], keep_annotations=keep_annotations, keep_docstrings=keep_docstrings)


SAME = {
    "comments": ("def f(x):\n    return x\n", "def f(x):\n    # gives it back\n    return x  # here\n"),
    "docstrings": ("def f(x):\n    return x\n", "def f(x):\n    'Gives it back.'\n    return x\n"),
    "blank lines": ("def f(x):\n    y = x\n    return y\n", "def f(x):\n\n    y = x\n\n    return y\n"),
    "formatting": ("def f(x):\n    return g(x, 1)\n", "def f(x):\n    return (g(\n        x,\n        1,\n    ))\n"),
    "quotes": ("def f():\n    return 'a' 'b'\n", 'def f():\n    return "ab"\n'),
    "ways to write a number": ("def f():\n    return 1000, 0.5\n", "def f():\n    return 1_000, .50\n"),
    "annotations": ("def f(x, *a, k=1):\n    y = x\n    return y\n",
                    "def f(x: int, *a: int, k: str = 1) -> int:\n    y: int = x\n    return y\n"),
    "declared local types": ("def f(x):\n    return x\n", "def f(x):\n    y: int\n    return x\n"),
    "a local variable's name": ("def f(x):\n    y = x\n    return y\n", "def f(x):\n    z = x\n    return z\n"),
    "a loop variable's name": ("def f(x):\n    for a, *b in x:\n        g(a, b)\n", "def f(x):\n    for c, *d in x:\n        g(c, d)\n"),
    "a context's name": ("def f(x):\n    with x as a:\n        g(a)\n", "def f(x):\n    with x as b:\n        g(b)\n"),
    "an exception's name": ("def f():\n    try:\n        g()\n    except E as a:\n        h(a)\n",
                            "def f():\n    try:\n        g()\n    except E as b:\n        h(b)\n"),
    "a walrus's name": ("def f(x):\n    if (a := x):\n        return a\n", "def f(x):\n    if (b := x):\n        return b\n"),
    "a walrus in a comprehension": ("def f(x):\n    return [a for i in x if (a := g(i))], a\n",
                                    "def f(x):\n    return [b for j in x if (b := g(j))], b\n"),
    "a comprehension's names": ("def f(x):\n    return {a: b for a, b in x}\n", "def f(x):\n    return {k: v for k, v in x}\n"),
    "nested comprehensions' names": ("def f(x):\n    return [[a + b for a in b] for b in x]\n",
                                     "def f(x):\n    return [[b + a for b in a] for a in x]\n"),
    "a closure's variable": ("def f():\n    a = 1\n    return lambda: a\n", "def f():\n    b = 1\n    return lambda: b\n"),
    "a nonlocal variable": ("def f():\n    a = 1\n    def g():\n        nonlocal a\n        a += 1\n    g()\n    return a\n",
                            "def f():\n    b = 1\n    def g():\n        nonlocal b\n        b += 1\n    g()\n    return b\n"),
    "a function that is only called": ("def f():\n    def a():\n        return 1\n    return a()\n",
                                       "def f():\n    def b():\n        return 1\n    return b()\n"),
    "a pattern's names": ("def f(x):\n    match x:\n        case [a, *b]:\n            return a, b\n        case {'k': c, **d}:\n            return c, d\n        case P(z=e) as g:\n            return e, g\n",
                          "def f(x):\n    match x:\n        case [h, *i]:\n            return h, i\n        case {'k': j, **k}:\n            return j, k\n        case P(z=l) as m:\n            return l, m\n"),
    "the name of an import inside": ("def f():\n    import json as a\n    return a.dumps\n", "def f():\n    import json as b\n    return b.dumps\n"),
    "the order of names declared global": ("def f():\n    global a, b\n    a = b = 1\n", "def f():\n    global b, a\n    a = b = 1\n"),
}  # fmt: skip

OTHER = {
    "a number's type": ("def f():\n    return 1\n", "def f():\n    return True\n"),
    "a float": ("def f():\n    return 1\n", "def f():\n    return 1.0\n"),
    "a complex number": ("def f():\n    return 1.0\n", "def f():\n    return 1j\n"),
    "a text": ("def f():\n    return '1'\n", "def f():\n    return 1\n"),
    "bytes": ("def f():\n    return 'a'\n", "def f():\n    return b'a'\n"),
    "none": ("def f():\n    return None\n", "def f():\n    return False\n"),
    "a returned nothing": ("def f():\n    return x\n", "def f():\n    x\n"),
    "an ellipsis": ("def f():\n    return ...\n", "def f():\n    return None\n"),
    "a sign": ("def f():\n    return 1\n", "def f():\n    return -1\n"),
    "a very long integer": (f"def f():\n    return 0x{'f' * 5000}\n", f"def f():\n    return 0x{'f' * 4999}e\n"),
    "an operator": ("def f(x):\n    return x + 1\n", "def f(x):\n    return x - 1\n"),
    "the order of operands": ("def f(x, y):\n    return x - y\n", "def f(x, y):\n    return y - x\n"),
    "grouping": ("def f(a, b, c):\n    return a - (b - c)\n", "def f(a, b, c):\n    return a - b - c\n"),
    "a comparison": ("def f(x):\n    return x == 1\n", "def f(x):\n    return x is 1\n"),
    "the order of statements": ("def f():\n    g()\n    h()\n", "def f():\n    h()\n    g()\n"),
    "a default": ("def f(x=1):\n    return x\n", "def f(x=2):\n    return x\n"),
    "which parameter has a default": ("def f(a, *, b=1, c):\n    return a\n", "def f(a, *, b, c=1):\n    return a\n"),
    "a decorator": ("@a\ndef f():\n    return 1\n", "def f():\n    return 1\n"),
    "the order of decorators": ("@a\n@b\ndef f():\n    return 1\n", "@b\n@a\ndef f():\n    return 1\n"),
    "a keyword's name": ("def f():\n    return g(a=1)\n", "def f():\n    return g(b=1)\n"),
    "the order of keywords": ("def f():\n    return g(a=1, b=2)\n", "def f():\n    return g(b=2, a=1)\n"),
    "a star": ("def f(x):\n    return g(*x)\n", "def f(x):\n    return g(**x)\n"),
    "a parameter's name": ("def f(x):\n    return x\n", "def f(y):\n    return y\n"),
    "a parameter's kind": ("def f(x, /):\n    return x\n", "def f(x):\n    return x\n"),
    "a keyword-only parameter": ("def f(*, x):\n    return x\n", "def f(x):\n    return x\n"),
    "an attribute": ("def f(x):\n    return x.a\n", "def f(x):\n    return x.b\n"),
    "an attribute's place": ("def f(x):\n    return x.a.b\n", "def f(x):\n    return x.b.a\n"),
    "a global's name": ("def f():\n    return a\n", "def f():\n    return b\n"),
    "a global declaration": ("def f():\n    global a\n    a = 1\n", "def f():\n    a = 1\n"),
    "a nonlocal declaration": ("def f():\n    a = 0\n    def g():\n        nonlocal a\n        a = 1\n    g()\n    return a\n",
                               "def f():\n    a = 0\n    def g():\n        a = 1\n    g()\n    return a\n"),
    "a global declaration inside": ("def f():\n    a = 0\n    def g():\n        global a\n        return a\n    return g()\n",
                                    "def f():\n    a = 0\n    def g():\n        return a\n    return g()\n"),
    "swapped locals": ("def f():\n    a = 1\n    b = 2\n    return a\n", "def f():\n    a = 1\n    b = 2\n    return b\n"),
    "which variable a loop sets": ("def f(x):\n    a = 0\n    for a in x:\n        pass\n    return a\n",
                                   "def f(x):\n    a = 0\n    for b in x:\n        pass\n    return a\n"),
    "shadowing by a comprehension": ("def f(x):\n    a = 1\n    return [a for a in x], a\n", "def f(x):\n    a = 1\n    return [a for b in x], a\n"),
    "a local that shadows a global": ("def f():\n    a = 1\n    return a\n", "def f():\n    b = 1\n    return a\n"),
    "the text of an f-string": ("def f(x):\n    return f'{x}'\n", "def f(x):\n    return f'{x} '\n"),
    "a named local in an f-string": ("def f():\n    a = 1\n    return f'{a=}'\n", "def f():\n    b = 1\n    return f'{b=}'\n"),
    "a conversion": ("def f(x):\n    return f'{x!r}'\n", "def f(x):\n    return f'{x}'\n"),
    "a format": ("def f(x):\n    return f'{x:.2f}'\n", "def f(x):\n    return f'{x:.3f}'\n"),
    "what a slice leaves out": ("def f(x):\n    return x[1:]\n", "def f(x):\n    return x[:1]\n"),
    "a tuple of one": ("def f(x):\n    return x,\n", "def f(x):\n    return x\n"),
    "a list for a tuple": ("def f(x):\n    return [x]\n", "def f(x):\n    return (x,)\n"),
    "an unpacked dictionary": ("def f(x):\n    return {**x}\n", "def f(x):\n    return {x: None}\n"),
    "an exception's class": ("def f():\n    try:\n        g()\n    except A:\n        pass\n", "def f():\n    try:\n        g()\n    except B:\n        pass\n"),
    "an else": ("def f(x):\n    for i in x:\n        g()\n    else:\n        h()\n", "def f(x):\n    for i in x:\n        g()\n    h()\n"),
    "a finally": ("def f():\n    try:\n        g()\n    finally:\n        h()\n", "def f():\n    try:\n        g()\n    except E:\n        h()\n"),
    "asynchrony": ("async def f():\n    return 1\n", "def f():\n    return 1\n"),
    "a yield": ("def f():\n    yield 1\n", "def f():\n    return 1\n"),
    "a yield from": ("def f(x):\n    yield from x\n", "def f(x):\n    yield x\n"),
    "an import's level": ("def f():\n    from . import a\n    return a\n", "def f():\n    from .. import a\n    return a\n"),
    "what is imported": ("def f():\n    from m import a\n    return a\n", "def f():\n    from m import b as a\n    return a\n"),
    "a match's guard": ("def f(x):\n    match x:\n        case 1 if g():\n            return 1\n", "def f(x):\n    match x:\n        case 1:\n            return 1\n"),
    "a match's attribute": ("def f(x):\n    match x:\n        case P(a=1):\n            return 1\n", "def f(x):\n    match x:\n        case P(b=1):\n            return 1\n"),
    "a name for a wildcard": ("def f(x):\n    match x:\n        case [a, _]:\n            return a\n", "def f(x):\n    match x:\n        case [_, a]:\n            return a\n"),
    "a class's base": ("class A(B):\n    pass\n", "class A(C):\n    pass\n"),
    "a class's keyword": ("class A(metaclass=B):\n    pass\n", "class A(B):\n    pass\n"),
    "a class's variable": ("class A:\n    a = 1\n", "class A:\n    b = 1\n"),
    "a field's annotation": ("@dataclass\nclass A:\n    a: int = 1\n", "@dataclass\nclass A:\n    a: float = 1\n"),
    "a method's annotation": ("class A:\n    def f(self, x: int): ...\n", "class A:\n    def f(self, x: str): ...\n"),
    "a decorated function's annotation": ("@a\ndef f(x: int): ...\n", "@a\ndef f(x: str): ...\n"),
    "an assertion": ("def f(x):\n    assert x\n", "def f(x):\n    x\n"),
    "a deletion": ("def f(x):\n    del x\n", "def f(x):\n    x\n"),
    "an augmented assignment": ("def f(x):\n    x += [1]\n    return x\n", "def f(x):\n    x = x + [1]\n    return x\n"),
    "a local that locals() tells": ("def f():\n    a = 1\n    return locals()\n", "def f():\n    b = 1\n    return locals()\n"),
    "a local that a query sees": ("def f(t):\n    a = 1\n    b = 2\n    return t.query('@a')\n", "def f(t):\n    b = 1\n    a = 2\n    return t.query('@a')\n"),
    "a told function's name": ("def f():\n    def a(): ...\n    return a\n", "def f():\n    def b(): ...\n    return b\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_it_leaves_no_mark(name: str) -> None:
    one, other = SAME[name]
    assert normal(one).data == normal(other).data


@pytest.mark.parametrize("name", OTHER)
def test_it_leaves_a_mark(name: str) -> None:
    one, other = OTHER[name]
    assert normal(one).data != normal(other).data


def test_annotations_and_docstrings_leave_a_mark_where_somebody_reads_them() -> None:
    one, other = "def f(x: int):\n    'one'\n", "def f(x: str):\n    'two'\n"
    assert normal(one).data == normal(other).data
    assert normal(one, keep_annotations=True).data != normal(other, keep_annotations=True).data
    assert normal(one, keep_docstrings=True).data != normal(other, keep_docstrings=True).data


def test_every_field_of_this_interpreters_syntax_tree_is_known() -> None:
    assert UNKNOWN_FIELDS == []


def test_a_field_that_nobody_looked_at_counts_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twice.source.normal.UNKNOWN_FIELDS", ["Call.lazily"])
    one, other = "def f(x):\n    y = x\n    return y\n", "def f(x):\n    z = x\n    return z\n"
    assert normal(one).data != normal(other).data


def test_what_a_method_may_look_up_by_name_does_not_make_words_of_its_class_into_names() -> None:
    assert "mode" not in uses("class A:\n    a = 'mode'\n    def f(self):\n        return eval(self.a)\n")


def test_a_text_that_is_carried_out_outside_a_function_may_reach_anything() -> None:
    assert normal("x = eval('helper()')\n").sees_module == {"eval"}
    assert normal("def f():\n    return eval('helper()')\n").sees_module == set()


def test_a_tree_of_many_storeys_has_a_normal_form() -> None:
    assert normal(f"def f():\n    return {' + '.join(['a'] * 900)}\n").data


def uses(text: str) -> set[str]:
    return {".".join([str(use.name), *use.chain]) for use in normal(text).uses if isinstance(use.name, str)}


def test_uses_are_what_is_taken_from_outside() -> None:
    text = """
    def f(x, y=DEFAULT):
        a = helper(x)
        import json
        for i in np.arange(3):
            a += i * module.sub.CONST
        def g(z):
            return z + a + OUTER
        return [g(k) for k in TABLE], json.dumps(a)
    """
    assert uses(text) == {"DEFAULT", "helper", "np.arange", "module.sub.CONST", "OUTER", "TABLE"}


def test_a_class_body_that_copies_a_global_name_uses_it() -> None:
    assert "depth" in uses("class A:\n    depth = depth\n")


def test_a_name_declared_global_inside_is_used_though_a_function_around_binds_it() -> None:
    assert "x" in uses("def f():\n    x = 1\n    def g():\n        global x\n        return x\n    return g\n")


def test_words_of_a_text_that_is_looked_up_are_uses() -> None:
    assert {"LIMIT", "other"} <= uses(
        "def f(t):\n    mine = 1\n    return t.query('a > @LIMIT and b < @mine + other')\n"
    )
    assert "mine" not in uses("def f(t):\n    mine = 1\n    return t.query('@mine')\n")
    assert uses("def f(t):\n    return t.title('LIMIT')\n") == set()


# -- generated programs


class _Renamed(ast.NodeTransformer):
    """Gives the variables ``v0`` … other names."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


LOCALS = ["v0", "v1", "v2"]
names = st.sampled_from([*LOCALS, "x", "y", "G"])
leaves = st.one_of(
    names,
    st.integers(-3, 3).map(lambda n: f"({n})"),
    st.sampled_from(["True", "1.0", "0.5", "None", "'a'", "f'{v0}'", "f'{x}{v1!r:>4}'"]),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "==", "<", "and", "or"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]} for v0 in range(2) if {p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f"(lambda y: {p[0]})({p[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}, {p[1]})"),
        st.tuples(st.sampled_from(LOCALS), inner).map(lambda p: f"({p[0]} := {p[1]})"),
    ),
    max_leaves=6,
)  # fmt: skip
statements = st.one_of(
    st.tuples(st.sampled_from(LOCALS), expressions).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(st.sampled_from(LOCALS), expressions).map(lambda p: f"for {p[0]} in range(2): out.append({p[1]})"),
    st.tuples(st.sampled_from(LOCALS), expressions).map(lambda p: f"{p[0]} += {p[1]}"),
    expressions.map(lambda e: f"out.append({e})"),
    st.tuples(expressions, expressions).map(lambda p: f"if {p[0]}: out.append({p[1]})"),
)


def program(lines: list[str]) -> str:
    body = "\n".join(f"    {line}" for line in ["v0 = 1", "v1 = 2", "v2 = 'b'", "out = []", *lines])
    return f"def f(x, y=2):\n{body}\n    return out, v0, v1, v2\n"


def outcome(text: str) -> str:
    namespace: dict[str, object] = {"G": 5}
    exec(compile(text, "<program>", "exec", dont_inherit=True), namespace)
    function = namespace["f"]
    assert callable(function)
    told = []
    for argument in (0, 1.5):
        try:
            told.append(repr(function(argument)))
        except Exception as problem:  # that it fails is a result, too; a message may name local variables
            told.append(type(problem).__name__)
    return "|".join(told)


def compiles(lines: list[str]) -> bool:
    try:
        compile(program(lines), "<program>", "exec", dont_inherit=True)
    except SyntaxError:  # a walrus may not bind what a comprehension goes through
        return False
    return True


programs = st.lists(statements, min_size=1, max_size=4).filter(compiles)


@settings(deadline=None, max_examples=300)
@given(programs, st.data())
def test_no_change_of_what_a_program_gives_leaves_its_normal_form_alone(lines: list[str], data: st.DataObject) -> None:
    changed = list(lines)
    place = data.draw(st.integers(0, len(lines) - 1))
    changed[place] = data.draw(statements)
    assume(compiles(changed))
    one, other = program(lines), program(changed)
    if normal(one).data == normal(other).data:
        assert outcome(one) == outcome(other)


@settings(deadline=None, max_examples=200)
@given(programs, st.permutations(LOCALS))
def test_local_variables_renamed_throughout_leave_no_mark(lines: list[str], order: list[str]) -> None:
    one = program(lines)
    tree = ast.parse(one)
    renamed = ast.unparse(ast.fix_missing_locations(_Renamed(dict(zip(LOCALS, order, strict=True))).visit(tree)))
    assert normal(one).data == normal(renamed).data
    assert outcome(one) == outcome(renamed)


@settings(deadline=None, max_examples=200)
@given(programs, st.integers(0, 3), st.permutations(LOCALS))
def test_names_swapped_in_one_statement_leave_a_mark_if_they_matter(
    lines: list[str], place: int, order: list[str]
) -> None:
    index = place % len(lines)
    tree = ast.parse(lines[index])
    changed = list(lines)
    changed[index] = ast.unparse(_Renamed(dict(zip(LOCALS, order, strict=True))).visit(tree)).replace("\n   ", "")
    assume(compiles(changed))
    one, other = program(lines), program(changed)
    if normal(one).data == normal(other).data:
        assert outcome(one) == outcome(other)


@settings(deadline=None, max_examples=200)
@given(programs)
def test_layout_leaves_no_mark(lines: list[str]) -> None:
    one = program(lines)
    assert normal(one).data == normal(ast.unparse(ast.parse(one))).data
    spaced = one.replace("\n    ", "\n\n    # and then\n    ")
    assert normal(one).data == normal(spaced).data
