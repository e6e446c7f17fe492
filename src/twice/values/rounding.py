"""What rounding alone can do to numbers: the sums of a reduction carried out in another order, or by another kernel.

Rounding is judged by norm, since no tolerance for each element tells it from change: of a float32 matrix product with
one thread less the worst element is off by 3e-3 of itself, and the whole by 7e-8 of its norm.
"""

from __future__ import annotations

import math
import struct

EPSILON = 2.0**-52
_LEAST, _MOST = 16, 4096
_FEW = 4.0
MEDIAN_ULPS = 64
"""Units in the last place up to which the median of those that differ may be off: amplified rounding is more."""


def bound(epsilon: float, size: int) -> float:
    """The norm-wise relative error up to which a difference is taken for rounding.

    A few ε times the square root of how many numbers there are, between 16 and 256 ε: how many terms were summed is not
    known, and beyond that rounding was amplified by what came after it, which is no longer the same result.

    Args:
        epsilon: Of the type of the numbers.
        size: How many there are.
    """
    return _FEW * epsilon * math.sqrt(min(max(size, _LEAST), _MOST))


def close_by_rounding(left: float, right: float) -> bool:
    """Whether rounding explains what lies between two single numbers."""
    if not (math.isfinite(left) and math.isfinite(right)):
        return False
    return abs(right - left) <= bound(EPSILON, 1) * max(abs(left), abs(right))


def ulps_between(left: float, right: float) -> int:
    """How many steps of a ``float`` lie between two numbers."""
    return abs(_place(left) - _place(right))


def _place(number: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return bits if bits >= 0 else -(2**63) - bits
