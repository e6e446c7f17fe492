"""Entropy, clocks and global generators are seen, with the line of the user's code."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

FLOW = """
    import json, os, random, secrets, time, uuid
    from datetime import datetime

    import numpy as np
    from twice import Pipeline

    def entropy():
        os.urandom(1)
        np.random.default_rng().random()
        uuid.uuid4()
        random.Random().random()
        secrets.token_hex(1)

    def clocks():
        time.time()
        datetime.now()

    def seeded(entropy):
        return [random.random(), float(np.random.rand())]

    def clean(seeded):
        return [random.Random(1).random(), float(np.random.default_rng(1).random())]

    run = Pipeline(steps=[entropy, clocks, seeded, clean]).run()
    print(json.dumps({step: [[o.what, o.which, o.line] for o in run.trace(step).watched.observed] for step in run}))
"""


def test_each_source_is_named_with_its_line_and_clean_steps_are_clean(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW)
    told = json.loads(project.python("flow.py").splitlines()[-1])
    assert told["entropy"] == [
        ["entropy", "os.urandom", 9],
        ["entropy", "os.urandom", 10],
        ["entropy", "os.urandom", 11],
        ["entropy", "os.urandom", 13],
        ["entropy", "random.Random()", 12],
    ]
    assert told["clocks"] == [["clock", "time.time", 16], ["clock", "datetime.now", 17]]
    assert told["seeded"] == [["global generator", "numpy.random", 0], ["global generator", "random", 0]]
    assert told["clean"] == []
