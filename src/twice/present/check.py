"""What a check of the store found."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.findings import CheckView, ProblemView
from twice.present.layout import cut, digest, indented, table, text
from twice.present.marks import mark
from twice.present.words import count, size


def draw_check(check: CheckView) -> RenderableType:
    """The store's state in a sentence, and each problem with what it costs."""
    held = f"{count(check.objects, 'object')} ({size(check.size)}), {count(check.records, 'record')}, " + count(
        check.names, "name"
    )
    parts: list[RenderableType] = []
    if check.whole:
        depth = (
            "every byte was read and is what its name says"
            if check.deep
            else "everything that is referred to is there (bytes were not read)"
        )
        parts.append(Text(" ").join([mark("done"), text("the store is whole:", "bold"), text(depth)]))
    else:
        problems = count(len(check.problems), "problem")
        only = all(problem.what == "unfounded" for problem in check.problems)
        state = "the store is whole, and says what does not follow" if only else "the store is damaged"
        parts.append(Text(" ").join([mark("failed"), text(f"{state}: {problems}", "bold")]))
        parts += [indented(_problems(check.problems))]
    if check.verdicts:
        bad = len({problem.name for problem in check.problems if problem.what == "unfounded"})
        good = f"{count(check.verdicts - bad, 'verdict')} {'follow' if check.verdicts - bad != 1 else 'follows'}"
        parts.append(indented(text(f"{good} from the evidence in the store{f', {bad} not' if bad else ''}")))
    if check.mended:
        parts.append(indented(text(f"{count(len(check.mended), 'object')} made again, byte for byte")))
    parts.append(indented(text(held, "dim")))
    parts.append(indented(text(check.store, "dim")))
    harmless = []
    if check.unreferenced:
        harmless.append(f"{count(check.unreferenced, 'object')} that nothing mentions")
    if check.leftovers:
        harmless.append(count(len(check.leftovers), "leftover file"))
    if harmless:
        parts.append(indented(text(f"harmless: {', '.join(harmless)}", "dim")))
    return Group(*parts)


def _problems(problems: tuple[ProblemView, ...]) -> RenderableType:
    made = table("fixed", "fixed", "fixed", "left", "left")
    for problem in problems:
        name = text(problem.name, "cyan") if problem.kind == "ref" else digest(problem.name)
        needed = f"needed by {', '.join(problem.versions)}" if problem.versions else "needed by no version"
        steps = f" ({', '.join(problem.steps)})" if problem.steps else ""
        made.add_row(text(problem.what, "red"), text(problem.kind), name, cut(problem.detail), cut(needed + steps))
    return made
