"""Small real programs, each with the one cause that makes it differ; and clean ones, which must be found identical."""

from __future__ import annotations

import os

DIFFERENT = """
def urandom():  # entropy
    return os.urandom(4).hex()
def system_random():  # entropy
    return random.SystemRandom().random()
def unseeded():  # entropy
    return random.Random().random()
def reseeded():  # entropy
    random.seed()
    return random.random()
def generator():  # entropy
    return float(np.random.default_rng().random())
def legacy():  # entropy
    return float(np.random.RandomState().rand())
def uuid_four():  # entropy
    return str(uuid.uuid4())
def uuid_one():  # entropy
    return str(uuid.uuid1())
def secret():  # entropy
    return secrets.token_hex(4)
def wall():  # clock
    return time.time()
def nanoseconds():  # clock
    return time.time_ns()
def now():  # clock
    return {"rows": 3, "made": datetime.now().isoformat()}
def elapsed():  # clock
    start = time.perf_counter()
    return time.perf_counter() - start
def limited():  # clock
    start, depth = time.time(), 0
    while time.time() - start < 0.02:
        depth += 1
    return depth
def seeded_by_the_clock():  # clock
    return random.Random(time.time_ns()).random()
def address():  # memory-addresses
    return repr(object())
def identity():  # memory-addresses
    return id([]) % 1000003
def order_of_objects():  # memory-addresses
    things = {type(f"T{n}", (), {"n": n}) for n in range(12)}
    return [thing.n for thing in sorted(things, key=id)] + [id(things) % 10007]
def temporary():  # path
    with tempfile.NamedTemporaryFile() as file:
        return os.path.basename(file.name)
def temporary_folder():  # path
    folder = tempfile.mkdtemp()
    os.rmdir(folder)
    return os.path.basename(folder)
def process():  # user-environment
    return os.getpid()
def folder():  # path
    return "in " + os.getcwd()
def variable():  # user-environment
    return os.environ.get("TWICE_EXAMPLE_MODE", "none")
"""
"""Each step's cause stands behind its first line; it enters in the lines of that step."""

CLEAN = """
def global_random():
    return random.random()
def global_numpy():
    return np.random.rand(3)
def seeded():
    return random.Random(1).random()
def seeded_generator():
    return np.random.default_rng(1).random(4)
def split():
    from sklearn.model_selection import train_test_split
    return train_test_split(np.arange(20))[0]
def hashed():
    return hash("text")
def set_order():
    return list({"alpha", "beta", "gamma", "delta"})
def dates():
    return datetime.fromtimestamp(0).isoformat()
def timed_and_kept_to_itself():
    start = time.perf_counter()
    total = sum(range(1000))
    time.perf_counter() - start
    return total
def named_and_kept_to_itself():
    with tempfile.TemporaryDirectory() as folder:
        return len(os.listdir(folder))
def drawn_and_kept_to_itself():
    return len(os.urandom(8))
def pooled_in_order():
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(abs, range(-5, 0)))
def counted():
    LEFT_OVER.append(1)
    return len(LEFT_OVER)
def remembered():
    return [summed(10), summed(10)]
def archived():
    import gzip
    return gzip.compress(b"text", mtime=0)
def solved():
    return np.linalg.solve(np.arange(9.0).reshape(3, 3) + np.eye(3), np.ones(3))
def framed():
    import pandas as pd
    return pd.DataFrame({"k": [1, 1, 2], "x": [1.0, 2.0, 3.0]}).groupby("k").x.mean()
def logged():
    import logging
    logging.getLogger("x").warning("said")
    return 1
"""

HEAD = """
import functools, os, random, secrets, tempfile, threading, time, uuid
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime

import numpy as np
from twice import Pipeline

LEFT_OVER = []
@functools.lru_cache
def summed(count):
    return sum(range(count))
"""


CORE = ("urandom", "generator", "now", "variable", "global_random", "set_order", "named_and_kept_to_itself")
"""Those that every test run looks at; ``make causes`` looks at all."""


def chosen(programs: str) -> str:
    """All programs, or the core of them."""
    if os.environ.get("TWICE_ALL_CAUSES"):
        return programs
    kept = [part for part in programs.strip().split("\ndef ") if part.removeprefix("def ").partition("(")[0] in CORE]
    return "".join(f"\ndef {part.removeprefix('def ')}\n" for part in kept)


def names(programs: str) -> dict[str, str]:
    """Step → the cause that stands behind its first line, if any."""
    lines = [line for line in programs.splitlines() if line.startswith("def ")]
    return {line[4 : line.index("(")]: line.partition("# ")[2] for line in lines}


def flow(*programs: str) -> str:
    """A script with all of them as steps of one pipeline, independent of each other."""
    steps = [name for part in programs for name in names(part)]
    body = HEAD + "".join(programs)
    return f"{body}\npipeline = Pipeline(steps=[{', '.join(steps)}], version='v1')\n"
