from __future__ import annotations

from msgspec.structs import replace

from cli.commands import Folder
from twice.store.store import Store


def test_a_metric_that_may_differ_is_judged_by_its_spread_over_seeds(folder: Folder) -> None:
    folder.write(flow="""
        import os, random
        from twice import Pipeline, step
        def drawn(): return int.from_bytes(os.urandom(4), "big") / 2**32
        @step(allow="trained on a shared machine")
        def score(): return {"accuracy": 0.9 + random.random() / 99 + drawn() / 9999}
        @step(allow="not to be believed")
        def broken(size=3): return {"accuracy": 0.9 + drawn() / 9, "size": size + random.random() * 0}
        pipeline = Pipeline(steps=[score, broken])
    """)  # fmt: skip
    folder.twice("run", "flow.py", "--version", "v1")
    said = folder.twice("verify", "v1", "--step", "score", "--json", limit=200)
    (score,) = said.data["steps"]
    assert (score["verdict"], score["grade"]) == ("equivalent", "seed-noise")
    assert "within seed noise: accuracy 0." in score["difference"] and "(N = 8 seeds)" in score["difference"]
    assert score["reason"] == "it may differ: trained on a shared machine"
    assert not score["causes"], "what may differ needs no cause"
    shown = folder.twice("show", "v1", "score", "--json").data["verified"]
    assert [(one["verdict"], one["grade"], one["of"]) for one in shown] == [("equivalent", "seed-noise", 1)]
    assert not folder.twice("show", "v1", "broken", "--json").data["verified"]
    detail = folder.twice("show", "v1", "score", "--json").data
    assert detail["spread"].startswith("2 outputs in 2 runs from the same inputs: {'accuracy'")
    assert not folder.twice("show", "v1", "broken", "--json").data["spread"]
    assert folder.twice("check", "--quick", "--verdicts", "--json").data["verdicts"] == 1
    with Store.open(folder.path / ".twice") as store:
        ((_, honest),) = store.verdicts()
        step, *_ = honest.steps
        forged = replace(step, verdict="identical", grade="bytes", summary="")
        store.add(replace(honest, verdict="identical", grade="bytes", steps=(forged,)))
    found = folder.twice("check", "--quick", "--verdicts", "--json", expect=1).data
    (problem,) = found["problems"]
    assert (problem["what"], problem["kind"], problem["steps"]) == ("unfounded", "verdict", ["score"])
    assert problem["detail"].startswith("it says identical (bytes), and the outputs are different")
    assert found["verdicts"] == 2 and folder.twice("check", "--quick").status == 0
    assert "Verified" in folder.twice("show", "v1", "score").out
