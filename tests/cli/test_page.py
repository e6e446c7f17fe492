"""The verdict as a page of its own: what is on it, and that nothing of a stranger's is code there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from cli.commands import Folder
from twice.present.findings import (
    CauseView,
    ChangeView,
    DifferenceView,
    DiffView,
    ExperimentView,
    OutputChange,
    Side,
    StressCell,
    StressedStep,
    StressView,
    WhyView,
)
from twice.present.page import page
from twice.present.page_difference import difference_page
from twice.present.page_graph import Box, graph
from twice.present.page_stress import stress_page
from twice.present.reports import StepVerdictView, VerdictView
from twice.values.drawn import Drawn, Histogram, Pictures, Texts, drawn
from twice.values.terms import Container

EVIL = '</td><script>alert("1")</script>'
FLOW = """
    import os
    import numpy as np
    from twice import Pipeline
    def load(): return np.arange(100.0)
    def noise(load): return {"weights": load + np.random.default_rng().normal(size=100)}
    def text(load): return "same\\n" * 9 + "</td><script>alert(1)</script>" + os.urandom(4).hex()
    def field(load): return np.full((16, 16, 3), os.urandom(1)[0] | 1, "uint8") ^ np.uint8(os.urandom(1)[0])
    pipeline = Pipeline(steps=[load, noise, text, field])
"""


class Tags(HTMLParser):
    """Sees that every element ends where it should, and which there are."""

    EMPTY = frozenset({"meta", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.EMPTY and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_of_a_verification_draws_what_differs_and_needs_nothing_but_itself(folder: Folder) -> None:
    folder.write(flow=FLOW)
    folder.twice("run", "flow.py", "--version", "v1")
    said = folder.twice("verify", "v1", "--html", "out/verdict.html", "--budget", "120", limit=600, expect=1)
    text = (folder.path / "out" / "verdict.html").read_text(encoding="utf-8")
    tags = Tags(text)
    names = [tag for tag, _ in tags.seen]
    assert "script" not in names and "link" not in names
    assert all(value.startswith(("data:image/png;base64,", "#")) for _, has in tags.seen for key, value in has.items()
               if key in ("src", "href") and value is not None)  # fmt: skip
    for step in ("load", "noise", "text", "field"):
        assert f'id="step-{step}"' in text
    assert text.count('aria-label="histogram"') == 2 and "100 differ, 0 are the same" in text
    assert 'class="overlay"' in text and 'class="sides mono"' in text
    assert "proven: entropy: os.urandom" in text and "entropy from a seeded stream" in text
    graph = re.search(r"<svg.*?</svg>", text, re.DOTALL)
    assert graph is not None
    assert len([one for one in ElementTree.fromstring(graph[0]).iter() if one.tag == "rect"]) == 4
    assert str(folder.path) not in text, "a page is shown to others"
    assert "✗ different" in said.out


def test_nothing_that_comes_from_a_store_is_code_on_the_page() -> None:
    step = StepVerdictView(
        name=EVIL, verdict="different", grade="", reproduces=False, difference=EVIL, finding=None, causes=(), others=(),
        together=False, nature="", runs=0, power="", spread=EVIL, operation=EVIL, unsettled="", reason=EVIL,
        spreads=EVIL, seen=0, doubts=(EVIL,), recorded=None, now=None,
    )  # fmt: skip
    verdict = VerdictView(
        name=EVIL, verdict="different", grade="", reproducible=False, steps=(step,), not_checked=(EVIL,),
        recorded="a:b", now="a:c", same_version=True, level="full", host=EVIL, environment=None, made=None,
    )  # fmt: skip
    drawings: dict[str, list[Drawn]] = {
        EVIL: [Texts(EVIL, EVIL, "other"), Histogram(EVIL, -1.0, 1.0, (1, 0, 2), 3, 4), Pictures(EVIL, b"", b"")]
    }
    text = page(verdict, {EVIL: ()}, drawings)
    assert "script" not in [tag for tag, _ in Tags(text).seen]
    assert "alert(&quot;1&quot;)" in text


def test_nothing_that_comes_from_a_store_is_code_on_the_pages_of_stress_and_diff() -> None:
    cell = StressCell(variation=EVIL, factor=EVIL, effect="different", detail=EVIL, runs=3)
    stressed = StressedStep(step=EVIL, reproducibility=EVIL, cells=(cell,), pins={EVIL: EVIL})
    shown = stress_page(StressView(name=EVIL, run=EVIL, variations=(EVIL,), steps=(stressed,)))
    cause = CauseView(factor=EVIL, detail=EVIL, location=EVIL, status=EVIL, reason=EVIL, share=0.5)
    difference = DifferenceView(
        name=EVIL, metric=EVIL, before=0.5, after=1.0, difference=EVIL, additive=True, off=0.0, either=False,
        causes=(cause, cause),
    )  # fmt: skip
    experiment = ExperimentView(conditions=(EVIL,), outcomes=(EVIL,), numbers={EVIL: 0.25})
    why = WhyView(differences=(difference,), ruled_out=(cause,), not_checked=(EVIL,), runs=1, experiments=(experiment,))
    side = Side(name=EVIL, version=EVIL, names=(EVIL,), run=EVIL)
    changes = [
        ChangeView(what=EVIL, name=EVIL, before=EVIL, after=EVIL, steps=(EVIL,), via=(), sentence=EVIL, patch=patch)
        for patch in ("", f"--- a\n+++ b\n@@ {EVIL}\n-{EVIL}\n+{EVIL}\n {EVIL}")
    ]
    output = OutputChange(step=EVIL, same=False, before=EVIL, after=EVIL, difference=EVIL)
    diff = DiffView(
        before=side, after=side, same=False, changes=tuple(changes), outputs=(output,), unreached=(EVIL,), why=why
    )
    for text in (shown, difference_page(diff)):
        assert "script" not in [tag for tag, _ in Tags(text).seen]
        assert text.count("alert(&quot;1&quot;)") >= 5
    assert "+0.5" in difference_page(diff) and "0.25" in difference_page(diff)


def test_wires_go_around_the_boxes_between_their_ends() -> None:
    wires = {"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c"), "e": ("a", "d")}
    drawn_ = ElementTree.fromstring(graph(wires, {name: Box("", "") for name in wires}))
    boxes = [{key: float(one.get(key, "nan")) for key in ("x", "y", "width", "height")}
             for one in drawn_.iter() if one.tag == "rect"]  # fmt: skip
    assert len(boxes) == 5
    for path in (one.get("d", "") for one in drawn_.iter() if one.tag == "path"):
        for x, y, end in re.findall(r"([\d.]+),([\d.]+) H([\d.]+)", path):
            across = [box for box in boxes if box["x"] < float(end) and float(x) < box["x"] + box["width"]]
            assert across and not [box for box in across if box["y"] <= float(y) <= box["y"] + box["height"]]
    assert sum(" H" in (one.get("d") or "") for one in drawn_.iter() if one.tag == "path") == 2


def test_differences_are_counted_into_bins_between_the_least_and_the_most() -> None:
    (found,) = drawn(*(_listed(values) for values in ([0.0] * 20, [0.0] * 10 + [1.0] * 6 + [-3.0] * 4)))
    assert isinstance(found, Histogram)
    assert (found.least, found.most, found.same) == (-3.0, 1.0, 10)
    assert found.counts[0] == 4 and found.counts[-1] == 6 and sum(found.counts) == 10
    assert not drawn(*(_listed(values) for values in ([0.0] * 20, [0.0] * 20)))
    (odd,) = drawn(*(_listed(values) for values in ([0.0] * 20, [float("nan")] + [2.0] * 19)))
    assert isinstance(odd, Histogram) and odd.skipped == 1 and sum(odd.counts) == 19


def _listed(values: list[float]) -> Container:
    made = Container("list")
    made.items = list(values)
    return made
