"""From conditions to a plan and a launch that bring them about."""

from __future__ import annotations

import sys
from dataclasses import replace

from twice.control.conditions import Conditions
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.records.environment import Settings

_ADDRESSES_FIXED = 0x0040000
"""Linux's ``ADDR_NO_RANDOMIZE``, as in ``<sys/personality.h>``; what ``setarch -R`` asks for."""

_FIX = "import ctypes, os, sys; ctypes.CDLL(None).personality({flag}); os.execv(sys.argv[1], sys.argv[1:])"


def under(conditions: Conditions, plan: Plan, launch: Launch = HERE) -> tuple[Plan, Launch]:
    """The plan and the launch of an experiment.

    Args:
        conditions: What it changes.
        plan: The plan without them.
        launch: How workers are started without them.
    """
    usual = {name: getattr(plan.settings, name) for name in Settings.__struct_fields__}
    changed = replace(
        plan,
        settings=Settings(**{**usual, **conditions.settings}),
        seed=plan.seed if conditions.seed is None else conditions.seed,
        conditions=conditions.inside,
    )
    prefix = launch.prefix
    if conditions.addresses:
        prefix = (sys.executable, "-I", "-S", "-c", _FIX.format(flag=_ADDRESSES_FIXED), *prefix)
    return changed, replace(
        launch,
        kind="experiment" if launch is HERE else launch.kind,
        prefix=prefix,
        variables={**launch.variables, **conditions.variables},
        removed=launch.removed | conditions.removed,
    )
