from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console, Group

from twice.present.check import draw_check
from twice.present.data import to_json
from twice.present.difference import draw_difference
from twice.present.findings import ChangeView, CheckView, DiffView, OutputChange, ProblemView, Side
from twice.present.layout import plain
from twice.present.log import draw_log
from twice.present.verdict import draw_verdict
from twice.present.verified import draw_verifications
from twice.present.views import Log, RunView, StepOutcome, UnlikeRecord, VerificationView, VersionRuns
from twice.records.digest import Digest, digest_bytes
from twice.records.verdict import Finding, StepVerdict, Verdict

LEFT, RIGHT = digest_bytes(b"left"), digest_bytes(b"right")
NOON = "2025-06-15T12:00:00.000+00:00"
SOON_AFTER = 1_749_988_800_000_000_000 + 120_000_000_000


def run_view(**changed: object) -> RunView:
    known: dict[str, object] = {
        "run": LEFT,
        "version": RIGHT,
        "pipeline": "churn",
        "label": "v1.0",
        "status": "done",
        "purpose": "run",
        "started": NOON,
        "seconds": 1.5,
        "host": "here",
        "commit": "0123456789abcdef",
        "clean": False,
        "twice": "0.1.0",
        "steps": (StepOutcome(step="load", how="ran"), StepOutcome(step="fit", how="reused")),
    }
    return RunView(**{**known, **changed})  # type: ignore[arg-type]


def squeezed(drawing: str) -> list[str]:
    return [re.sub("  +", "  ", line) for line in drawing.splitlines()]


def test_the_log_shows_a_version_by_its_names_with_its_runs_below() -> None:
    version = VersionRuns(version=RIGHT, pipeline="churn", names=("churn@v1.0", "best"), runs=(run_view(),))
    lines = squeezed(plain(draw_log(Log(store="/store", versions=(version,), older=3), SOON_AFTER)))
    assert lines == [
        f"churn@v1.0  ·  version {RIGHT.short}  ·  also best",
        f"  ✓  run {LEFT.short}  2 minutes ago  1.50 s  1 ran, 1 reused  here at 0123456 + changes",
        "",
        "… and 3 older versions; see them with --all",
    ]


def test_an_empty_log_says_so() -> None:
    assert plain(draw_log(Log(store="/store", versions=()))) == "nothing has run yet.\n"


def test_a_drawing_never_steers_the_terminal() -> None:
    version = VersionRuns(version=RIGHT, pipeline="churn", names=("a\x1b[2Jb",), runs=(run_view(host="\x1b]0;x\x07"),))
    drawn = plain(draw_log(Log(store="/store", versions=(version,))))
    assert "\x1b" not in drawn and "\x07" not in drawn
    assert "a\\x1b[2Jb" in drawn


def test_brackets_in_names_are_no_markup() -> None:
    version = VersionRuns(version=RIGHT, pipeline="churn", names=("[red]x[/red]",), runs=())
    assert "[red]x[/red]" in plain(draw_log(Log(store="/store", versions=(version,))))


def verdict(*steps: StepVerdict, word: str = "different") -> Verdict:
    return Verdict(verdict=word, steps=steps, left=LEFT, right=RIGHT, same_version=True, not_checked=("the weather",))


def test_a_verdict_names_each_step_what_differs_where_and_what_was_not_checked() -> None:
    finding = Finding(
        path="",
        what="2 of 3 parts differ",
        children=(
            Finding(path="['model'].coef_", what="4 of 10 elements differ", softer="the same signs"),
            *(Finding(path=f"[{index}]", what="differs") for index in range(15)),
        ),
    )
    drawn = plain(
        draw_verdict(
            verdict(
                StepVerdict(step="load", verdict="identical", grade="bytes", summary="DataFrame 3 × 2"),
                StepVerdict(step="fit", verdict="different", summary="coefficients differ", finding=finding),
                StepVerdict(step="plot", verdict="inconclusive", reason="no reader for it"),
                StepVerdict(step="score", verdict="fails", reason="Traceback:\n  line\nValueError: no"),
            ),
            reproducible=False,
            name="v1.0",
        )
    )
    lines = squeezed(drawn)
    assert lines[0] == f"recorded  run {LEFT.short}  v1.0"
    assert "✓  load  identical (bytes)  DataFrame 3 × 2" in lines
    assert "✗  fit  different  coefficients differ" in lines
    assert "?  plot  inconclusive  no reader for it" in lines
    assert "✗  score  fails  ValueError: no" in lines
    assert "fit: where it differs" in lines
    assert "  ['model'].coef_  4 of 10 elements differ  the same signs" in lines
    assert "… and 4 more" in drawn
    assert "✗ different: an output is not what was recorded" in lines
    assert "  · the weather" in drawn


def test_of_an_error_with_a_hint_the_error_is_shown() -> None:
    told = "Traceback:\n  line\ntwice.errors.CaptureError: it cannot be brought back.\n\nhint: elsewhere"
    drawn = plain(draw_verdict(verdict(StepVerdict(step="fit", verdict="fails", reason=told)), reproducible=False))
    assert "fit  fails  twice.errors.CaptureError: it cannot be brought back." in drawn


def test_a_good_verdict_says_reproducible() -> None:
    good = verdict(StepVerdict(step="load", verdict="equivalent", grade="tolerance"), word="equivalent")
    drawn = plain(draw_verdict(good, reproducible=True))
    assert "≈  load  equivalent (tolerance)" in drawn
    assert "≈ reproducible: every output that was compared is equivalent" in drawn


def diff_view(*changes: ChangeView, same: bool = False, **more: object) -> DiffView:
    sides = [
        Side(name=name, version=digest, names=(f"churn@{name}",), run=digest)
        for name, digest in (("v1", LEFT), ("v2", RIGHT))
    ]
    known = {"outputs": (), "unreached": (), **more}
    return DiffView(before=sides[0], after=sides[1], same=same, changes=changes, **known)  # type: ignore[arg-type]


def change(what: str, name: str, before: str, after: str, **more: object) -> ChangeView:
    known = {"steps": (), "via": (), "sentence": "", **more}
    return ChangeView(what=what, name=name, before=before, after=after, **known)  # type: ignore[arg-type]


def test_a_diff_shows_the_text_that_changed_and_the_way_to_it() -> None:
    patch = "--- helpers.py\n+++ helpers.py\n@@ -3,2 +3,2 @@\n def clean(x):\n-    return x\n+    return x + 1"
    found = change(
        "code",
        "helpers:clean",
        "helpers.py:3",
        "helpers.py:3",
        steps=("prep", "fit"),
        via=("flow:prep", "helpers:clean"),
        patch=patch,
    )
    new = change("code", "helpers:fresh", "", "helpers.py:9", steps=("fit",), patch=patch)
    looks = change("cosmetic", "helpers:tidy", "helpers.py:20", "helpers.py:20", steps=("fit",))
    outputs = (
        OutputChange(step="load", same=True, before="1", after="1"),
        OutputChange(step="fit", same=False, before="0.9", after="0.8"),
    )
    drawn = plain(draw_difference(diff_view(found, new, looks, outputs=outputs, unreached=("notes.py",))))
    lines = squeezed(drawn)
    assert "  clean  helpers.py:3  reached by steps prep, fit: prep → clean" in drawn
    assert "    -    return x\n    +    return x + 1\n" in drawn
    assert "  fresh is new  helpers.py:9  reached by step fit" in drawn
    assert drawn.count("return x + 1") == 1, "what is new is not printed whole"
    assert "Only layout, comments or docstrings (no step runs again for these)" in lines
    assert "  notes.py" in lines
    assert "  ✓  load  the same" in lines
    assert "  ✗  fit  0.9  →  0.8" in lines


def test_a_diff_groups_what_was_set_and_what_it_stood_on() -> None:
    drawn = plain(
        draw_difference(
            diff_view(
                change("parameter", "fit.depth", "3", "4"),
                change("seed", "seed", "0", "1"),
                change("distribution", "numpy", "2.0", "2.1", steps=("fit",)),
                change("distribution", "attrs", "25", "26"),
                change("file", "data.csv", "", "10 bytes"),
            )
        )
    )
    lines = squeezed(drawn)
    assert lines.index("Parameters, seed and settings") < lines.index("Input files") < lines.index("Environment")
    assert "  fit.depth  3  →  4" in lines
    assert "  data.csv  (not there)  →  10 bytes" in lines
    assert "  numpy  2.0  →  2.1" in lines
    assert "  and 1 distribution that no step reaches: attrs" in lines


def test_a_diff_of_what_is_the_same_says_so() -> None:
    assert "✓ nothing that the steps reach differs" in plain(draw_difference(diff_view(same=True)))


def check_view(*problems: ProblemView) -> CheckView:
    return CheckView(
        store="/store",
        whole=not problems,
        problems=problems,
        deep=True,
        objects=3,
        size=1234,
        records=2,
        names=1,
        unreferenced=1,
        leftovers=("tmp/x",),
    )


def test_a_whole_store_is_said_to_be_whole() -> None:
    lines = plain(draw_check(check_view())).splitlines()
    assert lines[0] == "✓ the store is whole: every byte was read and is what its name says"
    assert lines[1] == "  3 objects (1.2 kB), 2 records, 1 name"
    assert lines[3] == "  harmless: 1 object that nothing mentions, 1 leftover file"


def test_a_damaged_store_is_shown_with_what_the_damage_costs() -> None:
    problem = ProblemView(
        what="damaged", kind="object", name=LEFT, detail="its 3 bytes differ", versions=("churn@v1.0",), steps=("fit",)
    )
    lines = squeezed(plain(draw_check(check_view(problem))))
    assert lines[0] == "✗ the store is damaged: 1 problem"
    assert lines[1] == f"  damaged  object  {LEFT.short}  its 3 bytes differ  needed by churn@v1.0 (fit)"


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_no_line_is_longer_than_the_terminal(columns: int) -> None:
    long = "a very long preview " * 10
    outputs = (OutputChange(step="fit", same=False, before=long, after=long + "."),)
    found = diff_view(change("parameter", "fit.text", long, long + "!"), outputs=outputs)
    drawn = plain(draw_difference(found), columns)
    assert max(len(line) for line in drawn.splitlines()) <= columns


def test_colours_are_only_for_terminals() -> None:
    drawing = draw_check(check_view())
    coloured = io.StringIO()
    Console(file=coloured, force_terminal=True, color_system="standard").print(drawing)
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in plain(drawing)


def test_json_has_the_views_attributes_as_keys_and_whole_digests() -> None:
    data = json.loads(to_json(run_view()))
    assert data["run"] == str(LEFT)
    assert data["steps"][0]["step"] == "load"
    found = json.loads(to_json(verdict(StepVerdict(step="load", verdict="identical", left=Digest(LEFT)))))
    assert found["steps"][0]["left"] == LEFT


def verification(**changed: object) -> VerificationView:
    known: dict[str, object] = {
        "verified": NOON,
        "host": "here",
        "env": "venv",
        "environment": LEFT,
        "as_recorded": True,
        "verdict": "identical",
        "grade": "bytes",
        "reproducible": True,
        "checked": 3,
        "of": 3,
        "recorded": LEFT,
        "run": RIGHT,
        "unlike": (),
    }
    return VerificationView(**{**known, **changed})  # type: ignore[arg-type]


def test_verifications_say_when_where_and_what_came_of_them() -> None:
    unlike = UnlikeRecord(
        step="fit", verdict="different", grade="", summary="4 of 9 differ", causes=("proven: \x1b[2J",), reason="seen"
    )
    found = (
        verification(),
        verification(env="container", host="far", verdict="equivalent", grade="rounding", reproducible=False),
        verification(env="here", as_recorded=False, recorded=RIGHT, verdict="different", grade="", unlike=(unlike,)),
        *(verification() for _ in range(4)),
    )
    lines = squeezed(plain(Group(*draw_verifications(found, LEFT, SOON_AFTER))))
    assert lines[:6] == [
        "✓ 2 minutes ago  ·  identical  ·  3 steps  ·  in its venv on here",
        "≈ 2 minutes ago  ·  equivalent (rounding), which its step does not accept"
        "  ·  3 steps  ·  in a container on far",
        "✗ 2 minutes ago  ·  different  ·  3 steps  ·  here on here  ·  another environment than recorded"
        f"  ·  against run {RIGHT.short}",
        "  fit  different  4 of 9 differ",
        "  proven: \\x1b[2J",
        "  seen",
    ]
    assert lines[-1] == "… and 2 earlier ones; see them with --json"
    version = VersionRuns(version=RIGHT, pipeline="churn", names=("churn@v1.0",), runs=(), verified=found[1:])
    drawn = plain(draw_log(Log(store="/store", versions=(version,)), SOON_AFTER))
    assert "verified 2 minutes ago: equivalent (rounding), which its step does not accept" in drawn
