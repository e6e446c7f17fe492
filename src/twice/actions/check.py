"""Is the store whole?"""

from __future__ import annotations

from twice.actions.evidence import unfounded
from twice.actions.listing import names_of
from twice.present.findings import CheckView, ProblemView
from twice.store.store import Store


def check(store: Store, *, deep: bool = True, mended: tuple[str, ...] = (), verdicts: bool = False) -> CheckView:
    """Whether everything is here that is referred to, and is what its name says.

    Args:
        store: The vault.
        deep: Also read all objects; otherwise only their presence is looked at.
        mended: Objects that were mended just before.
        verdicts: Also judge all verifications again, from what they left in the store.
    """
    report = store.check(deep=deep)
    judged, faults = unfounded(store) if verdicts else (0, [])
    names = names_of(store) if report.problems or faults else {}
    return CheckView(
        store=str(store.path),
        whole=report.ok and not faults,
        problems=tuple(
            ProblemView(
                what=problem.what,
                kind=problem.kind,
                name=problem.name,
                detail=problem.detail,
                versions=tuple(next(iter(names.get(digest, ())), str(digest)) for digest in problem.versions),
                steps=problem.steps,
            )
            for problem in report.problems
        )
        + tuple(
            ProblemView(
                what="unfounded",
                kind="verdict",
                name=digest,
                detail=detail,
                versions=(next(iter(names.get(version, ())), str(version)),) if version else (),
                steps=(step,) if step else (),
            )
            for digest, version, step, detail in faults
        ),
        verdicts=judged,
        deep=report.deep,
        objects=report.objects,
        size=report.size,
        records=report.records,
        names=report.refs,
        unreferenced=report.unreferenced,
        leftovers=report.leftovers,
        mended=mended,
    )
