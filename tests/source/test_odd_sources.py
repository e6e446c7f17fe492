"""Sources as they come: very long ones, with tabs, other line ends and encodings; and modules that patch ``open``."""

from __future__ import annotations

from pathlib import Path

from edits.test_reruns import DRIVER
from source.programs import Files, Prober, write

LONG = "".join(f"def f{n}(x):\n    y = x + {n}\n    # {n}\n    return f{n - 1}(y)\n\n" for n in range(1, 2001))
PATCHES = """
    import builtins
    original = builtins.open
    def counting(*arguments, **named):
        return original(*arguments, **named)
    builtins.open = counting
    """
FILES: Files = {
    "long.py": "def f0(x):\n    return x\n\n" + LONG,
    "marked.py": b"\xef\xbb\xbfdef f():\r\n\tif True:\r\n\t\treturn '\xc3\xa4'\r\n",
    "latin.py": b"# -*- coding: latin-1 -*-\ndef f():\n    return '\xe4'\n",
    "there.py": "import back\ndef f(n):\n    return 1 if n == 0 else back.g(n - 1)\n",
    "back.py": "import there\ndef g(n):\n    return 2 if n == 0 else there.f(n - 1)\n",
    "patches.py": PATCHES,
    "d.txt": "data",
    "flow.py": """
        import latin, long, marked, patches, there
        def step():
            return long.f200(0), marked.f(), latin.f(), there.f(5), open("d.txt").read()
        """,
}


def test_long_and_odd_sources_are_captured_and_edits_of_them_are_seen(programs: Prober, tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with (tmp_path / "flow.py").open("a") as file:
        file.write(DRIVER)
    assert LONG.count("\n") >= 10_000
    output = [20100, "ä", "ä", 2, "data"]
    assert programs.answer(tmp_path) == ["ran", output]
    for name, before, after, place, now in (
        ("long.py", b"y = x + 7\n", b"y = x + 8\n", 0, 20101),
        ("marked.py", b"\xc3\xa4", b"\xc3\xb6", 1, "ö"),
        ("latin.py", b"\xe4", b"\xf6", 2, "ö"),
        ("back.py", b"return 2", b"return 3", 3, 3),
        ("d.txt", b"data", b"more", 4, "more"),
    ):
        path = tmp_path / name
        path.write_bytes(path.read_bytes().replace(before, after))
        output[place] = now
        assert programs.answer(tmp_path) == ["ran", output]
    path = tmp_path / "long.py"
    path.write_bytes(path.read_bytes().replace(b"y = x + 201\n", b"y = x + 202\n").replace(b"# 7\n", b"# seven\n"))
    assert programs.answer(tmp_path) == ["reused", output]


def test_a_source_that_cannot_be_read_is_told_with_its_line_before_anything_runs(
    programs: Prober, tmp_path: Path
) -> None:
    flow = "def step():\n    if False:\n        import {}\n    return 1\n"
    for name, data, told in (
        ("slip", b"def f(:\n", "slip.py, line 1: invalid syntax. A step may import"),
        ("coded", b"def f():\n    return '\xe4'\n", "coded.py, line 2: (unicode error) 'utf-8' codec"),
        ("mixed", b"def f():\n\tx = 1\n        return x\n", "mixed.py, line 3: inconsistent use of tabs and spaces"),
    ):
        error = programs.look({"flow.py": flow.format(name), f"{name}.py": data}, run=False).error
        assert error.startswith(f"CaptureError: {told}"), error
