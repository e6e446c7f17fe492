"""Numbers in place of addresses: where the user's code asks for ``id()``, it is told which thing this is in turn.

Where a thing lies depends on everything that was allocated before it, and so on more than the layout of memory, which
the kernel can be asked to keep: a run that met one more file may have the same layout and other addresses.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable, Collection

from twice.control.held.everywhere import own, replace

LIMITS = "addresses that libraries ask for, and what was made from a text with one, where other things came before it"

_PRINTED = re.compile(rb"(?<= at 0x)[0-9a-f]{8,16}(?=>)")
"""As in ``<object object at 0x7f9dc26c6db0>``."""


def hold(setting: str, files: Collection[str]) -> None:
    """Let ``id()``, and ``hash()`` of what is told apart by its address, count the things that they are asked about.

    Libraries are told the truth: they find things again by it.

    Args:
        setting: Not needed.
        files: The file names of the user's code.
    """
    del setting
    address, hashed = builtins.id, builtins.hash
    known: dict[int, tuple[int, object]] = {}

    def number(thing: object) -> int:
        return known.setdefault(address(thing), (1000 + len(known), thing))[0]  # kept, so that nothing gets its place

    def counted(thing: object, /) -> int:
        """Which thing it is, in the order in which they were asked about."""
        return number(thing) if own(sys._getframe(1), files) else address(thing)

    def hashed_by_turn(thing: object, /) -> int:
        """The hash; of a thing whose hash is its address, the number that it has."""
        by_address = type(thing).__hash__ is object.__hash__
        return number(thing) if by_address and own(sys._getframe(1), files) else hashed(thing)

    replace(address, counted)
    replace(hashed, hashed_by_turn)


def count_printed() -> Callable[[bytes], bytes]:
    """What takes the addresses out of what is stored, and puts in which one each is in turn, with as many digits."""
    known: dict[bytes, int] = {}

    def counted(found: re.Match[bytes]) -> bytes:
        number = known.setdefault(found[0], len(known))
        return f"{number:0{len(found[0])}x}".encode()

    return lambda data: _PRINTED.sub(counted, data)
