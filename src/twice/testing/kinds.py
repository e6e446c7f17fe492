"""The exam for a kind of value: what every kind must keep, ours and others'.

Give it values that are made by functions at the top of a module, so that other processes can make them, too::

    from twice.testing.kinds import Exam

    def one(): return Money(3, "EUR")
    def other(): return Money(3, "USD")

    def test_money_sits_the_exam():
        Exam(one, other).sit()

All values of one exam must mean something different from each other; the nearer they are, the better the exam.
"""

from __future__ import annotations

import copy
import json
import operator
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from twice.values.compare import difference
from twice.values.decode import decode
from twice.values.encode import Encoded, encode
from twice.values.fingerprint import content_of, fingerprint
from twice.values.kind import FileSource
from twice.values.terms import Term, parse

_ELSEWHERE = ({"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}, {"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2"})


class Exam:
    """The exam for some values.

    Args:
        makers: Functions at the top of importable modules; each makes one value, of another meaning than the others'.
        equal: Says whether a value that came back is what it was.
        executes: Whether bringing the values back may call code that they name, as the pickle fallback does.
    """

    def __init__(
        self,
        *makers: Callable[[], object],
        equal: Callable[[Any, Any], object] = operator.eq,
        executes: bool = False,
    ) -> None:
        if not makers:
            raise ValueError("an exam needs at least one function that makes a value")
        self.makers = makers
        self.equal = equal
        self.executes = executes

    def sit(self) -> None:
        """All parts of the exam, one after the other.

        Raises:
            AssertionError: The kind fails; the message says at which value and why.
        """
        self.comes_back()
        self.means_the_same_as_its_copy()
        self.means_the_same_when_it_is_made_again()
        self.means_the_same_in_other_processes()
        self.differs_from_its_neighbours()
        self.does_not_differ_from_itself()
        self.is_looked_at_without_importing_it()

    def comes_back(self) -> None:
        """A value that was taken apart and put together is what it was, of the same class, with the same meaning."""
        for name, value in self._values():
            encoded = encode(value)
            assert encoded.executes <= self.executes, f"{name}: bringing it back calls code that the value names"
            back = _back(encoded)
            assert type(back) is type(value), f"{name}: a {type(value).__name__} came back as a {type(back).__name__}"
            assert self.equal(back, value), f"{name}: {value!r} came back as {back!r}"
            assert fingerprint(back) == content_of(encoded), f"{name}: what came back has another fingerprint"

    def means_the_same_as_its_copy(self) -> None:
        """A deep copy has the same fingerprint."""
        for name, value in self._values():
            assert fingerprint(copy.deepcopy(value)) == fingerprint(value), f"{name}: its copy has another fingerprint"

    def means_the_same_when_it_is_made_again(self) -> None:
        """Two values that are made the same way have one fingerprint, and nothing of it depends on when it is asked."""
        for name, value in self._values():
            again = dict(self._values())[name]
            assert fingerprint(again) == fingerprint(value), f"{name}: made again it has another fingerprint"
            assert fingerprint(value) == fingerprint(value), f"{name}: it has another fingerprint when asked again"

    def means_the_same_in_other_processes(self) -> None:
        """The fingerprint is the same in processes with other hash seeds and numbers of threads."""
        here = {name: str(fingerprint(value)) for name, value in self._values()}
        for variables in _ELSEWHERE:
            there = self._elsewhere(variables)
            for name, digest in here.items():
                assert there[name] == digest, f"{name}: it has another fingerprint in a process with {variables}"

    def differs_from_its_neighbours(self) -> None:
        """No two of the values have one fingerprint, and comparing them tells a difference."""
        values = list(self._values())
        for place, (name, value) in enumerate(values):
            for other_name, other in values[place + 1 :]:
                where = f"{name} and {other_name}"
                assert fingerprint(value) != fingerprint(other), f"{where} have one fingerprint"
                found = difference(_term(encode(value)), _term(encode(other)))
                assert found is not None, f"{where} have two fingerprints and are told to be the same"
                assert found.what.strip(), f"{where} are told to differ, but not in what"

    def does_not_differ_from_itself(self) -> None:
        """A value compared with itself, and with what came back of it, shows no difference."""
        for name, value in self._values():
            encoded = encode(value)
            for other in (encoded, encode(_back(encoded))):
                found = difference(_term(encoded), _term(other))
                assert found is None, f"{name}: it is told to differ from itself: {found.what}"

    def is_looked_at_without_importing_it(self) -> None:
        """Reading a stored value's structure imports no module that the value's class comes from."""
        for name, value in self._values():
            encoded = encode(value)
            module = type(value).__module__.partition(".")[0]
            if module in sys.stdlib_module_names:
                continue
            parts = [bytes(encoded.skeleton).hex(), [_bytes(part).hex() for part in encoded.buffers], module]
            code = (
                "import json, sys\nfrom twice.values.terms import parse\n"
                "skeleton, buffers, module = json.load(sys.stdin)\n"
                "parse(bytes.fromhex(skeleton), [memoryview(bytes.fromhex(part)) for part in buffers])\n"
                "print(json.dumps(module in sys.modules))"
            )
            assert not _told(code, {}, json.dumps(parts)), f"{name}: looking at it imports {module}"

    def _values(self) -> Iterator[tuple[str, Any]]:
        for maker in self.makers:
            yield f"{maker.__module__}:{maker.__qualname__}", maker()

    def _elsewhere(self, variables: dict[str, str]) -> dict[str, str]:
        names = [f"{maker.__module__}:{maker.__qualname__}" for maker in self.makers]
        code = (
            "import importlib, json, sys\nfrom twice.values.fingerprint import fingerprint\nfound = {}\n"
            "for name in json.load(sys.stdin):\n"
            "    module, _, function = name.partition(':')\n"
            "    found[name] = str(fingerprint(getattr(importlib.import_module(module), function)()))\n"
            "print(json.dumps(found))"
        )
        found: dict[str, str] = _told(code, variables, json.dumps(names))
        return found


def _told(code: str, variables: dict[str, str], given: str) -> Any:
    """What a fresh interpreter prints as its last line, as JSON; it imports from where this one does."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _bytes(source: Any) -> bytes:
    return source.path.read_bytes() if isinstance(source, FileSource) else bytes(source)


def _term(encoded: Encoded) -> Term:
    return parse(encoded.skeleton, [memoryview(_bytes(part)) for part in encoded.buffers])


def _back(encoded: Encoded) -> object:
    return decode(
        encoded.skeleton,
        [memoryview(bytearray(_bytes(part))) for part in encoded.buffers],
        encoded.aside,
        [memoryview(bytearray(_bytes(part))) for part in encoded.aside_buffers],
        calls=encoded.executes,
    )
