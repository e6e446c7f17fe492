from __future__ import annotations

import re
from pathlib import Path

from cli.commands import Folder, made


def test_each_step_is_told_what_it_minds(tmp_path: Path) -> None:
    folder: Folder = made(tmp_path / "project")
    folder.write(minds="""
        import os, random, time
        from datetime import datetime
        from twice import Pipeline
        def steady(): return [sum(range(10)), datetime.fromtimestamp(0).isoformat()]
        def drawn(): return [random.random(), *{"alpha", "beta", "gamma", "delta"}]
        def restless(): return [time.time_ns(), random.random()]
        pipeline = Pipeline(steps=[steady, drawn, restless])
    """)  # fmt: skip
    folder.twice("run", "minds.py", "--version", "v1")
    data = folder.twice("stress", "v1", "--json", "--jobs", "2", limit=600).data
    minded = {
        step["step"]: {cell["factor"] for cell in step["cells"] if cell["effect"] in ("different", "order")}
        for step in data["steps"]
    }
    assert minded == {"steady": {"timezone"}, "drawn": {"hash-seed", "seed"}, "restless": {"seed"}}
    seeds = {step["step"]: step["cells"][0] for step in data["steps"]}
    assert seeds["drawn"]["factor"] == "seed" and seeds["drawn"]["location"] == "minds.py:6"
    assert "random" in seeds["drawn"]["detail"] and not seeds["steady"]["location"]
    classes = {step["step"]: step["reproducibility"] for step in data["steps"]}
    assert classes["steady"] == "depends on timezone" and classes["restless"].startswith(
        "unstable; with clock held still: bitwise anywhere"
    )
    pins = {step["step"]: list(step["pins"]) for step in data["steps"]}
    assert pins == {"steady": ["timezone"], "drawn": ["hash-seed"], "restless": ["clock"]}
    drawn = folder.twice("stress", "v1", limit=600).out
    assert "  timezone: pinned in every run; elsewhere, use UTC, or pass the zone" in drawn
    assert re.search(r"umask +=", drawn) and "restless: unstable" in drawn
