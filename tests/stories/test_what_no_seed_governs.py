"""Entropy, clocks, made-up names and global generators are seen, with the line of the user's code."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

FLOW = """
    import json, os, platform, random, secrets, socket, tempfile, time, uuid
    from datetime import date, datetime as dt
    from os import urandom
    from random import choice
    from time import perf_counter, time as now

    import numpy as np
    import numpy.random as npr
    from numpy.random import rand
    from twice import Pipeline

    def entropy():
        os.urandom(1)
        np.random.default_rng().random()
        uuid.uuid4()
        random.Random().random()
        secrets.token_hex(1)
        urandom(1)
        os.getrandom(1)
        uuid.uuid1()
        np.random.RandomState().rand()

    def clocks():
        time.time()
        dt.now()
        now()
        perf_counter()
        time.monotonic()
        dt.utcnow()
        date.today()
        np.datetime64("now")

    def names():
        os.getpid()
        socket.gethostname()
        platform.node()
        os.uname()
        tempfile.mkdtemp()

    def draws():
        random.random()
        choice([1])
        np.random.rand()
        rand()
        npr.normal()

    def clean():
        import logging, threading
        import pandas as pd
        from sklearn.linear_model import LogisticRegression
        from sklearn.utils import check_random_state
        numbers = [random.Random(1).random(), float(np.random.default_rng(1).random()), np.random.RandomState(1).rand()]
        check_random_state(3).rand()
        LogisticRegression().fit([[0.0], [1.0]], [0, 1])
        pd.DataFrame({"a": [1, 2]}).sample(1, random_state=1)
        logging.getLogger("told").warning("with a time")
        threading.Thread(target=len, args=([],)).start()
        return numbers

    def in_a_fork(number):
        os.urandom(1)
        return now() > 0

    def forks():
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(1) as pool:
            return pool.map(in_a_fork, [1])

    def runs_a_file():
        import runpy
        runpy.run_path("plots/draw.py")

    def natively():
        import ctypes
        ctypes.CDLL(None).getrandom(ctypes.create_string_buffer(8), 8, 0)

    STEPS = [entropy, clocks, names, draws, clean, forks, runs_a_file, natively]
    runs = {step.__name__: Pipeline(steps=[step], name=step.__name__).run() for step in STEPS}
    seen = {step: run.trace(step).watched.observed for step, run in runs.items()}
    print(json.dumps({step: [[one.what, one.which, one.path, one.line] for one in seen[step]] for step in seen}))
"""


def test_each_source_is_named_with_its_line_and_clean_steps_are_clean(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW, plots__draw_py="import os, time\nstarted = time.time()\nos.urandom(1)\n")
    told = json.loads(project.python("flow.py").splitlines()[-1])
    lines = FLOW.splitlines()

    def at(step: str) -> dict[str, list[str]]:
        """What was observed, by the text of the line that it was found at."""
        found: dict[str, list[str]] = {}
        for what, which, path, line in told[step]:
            assert path == "flow.py"
            found.setdefault(lines[line - 1].strip(), []).append(f"{what}: {which}")
        return found

    assert at("entropy") == {
        "os.urandom(1)": ["entropy: os.urandom"],
        "np.random.default_rng().random()": ["entropy: os.urandom"],
        "uuid.uuid4()": ["entropy: os.urandom"],
        "random.Random().random()": ["entropy: random.Random()"],
        "secrets.token_hex(1)": ["entropy: os.urandom"],
        "urandom(1)": ["entropy: os.urandom"],
        "os.getrandom(1)": ["entropy: os.getrandom"],
        "uuid.uuid1()": ["entropy: uuid.uuid1"],
        "np.random.RandomState().rand()": ["entropy: os.urandom"],
    }
    assert at("clocks") == {
        "time.time()": ["clock: time.time"],
        "dt.now()": ["clock: datetime.now"],
        "now()": ["clock: time.time"],
        "perf_counter()": ["clock: time.perf_counter"],
        "time.monotonic()": ["clock: time.monotonic"],
        "dt.utcnow()": ["clock: datetime.utcnow"],
        "date.today()": ["clock: date.today"],
        'np.datetime64("now")': ["clock: np.datetime64"],
    }
    assert at("names") == {
        "os.getpid()": ["identity: os.getpid"],
        "socket.gethostname()": ["identity: socket.gethostname"],
        "platform.node()": ["identity: platform.node"],
        "os.uname()": ["identity: os.uname"],
        "tempfile.mkdtemp()": ["temporary name: tempfile"],
    }
    assert at("draws") == {
        call: [f"global generator: {call.partition('(')[0]}"]
        for call in ("random.random()", "choice([1])", "np.random.rand()", "rand()", "npr.normal()")
    }
    assert told["clean"] == []
    assert at("forks") == {"os.urandom(1)": ["entropy: os.urandom"], "return now() > 0": ["clock: time.time"]}
    assert told["runs_a_file"] == [
        ["clock", "time.time", "plots/draw.py", 2],
        ["entropy", "os.urandom", "plots/draw.py", 3],
    ]
    assert [what for what, *_ in told["natively"]] == ["native entropy"]
