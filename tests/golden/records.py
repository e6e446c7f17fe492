"""One record of each kind with every field filled; ``format_1`` holds their bytes.

Bytes that were released never change: a record that must say more gets a new format number and a new folder here. To
write the bytes of records that have none yet: ``python tests/golden/records.py``.
"""

from __future__ import annotations

from pathlib import Path

from twice.records.artifact import Artifact
from twice.records.canonical import FORMAT, Record, digest, encode
from twice.records.code import Code, ModuleSource, Node, Place, Snapshot, StepCode
from twice.records.digest import Digest, digest_bytes
from twice.records.environment import (
    Distribution,
    Environment,
    Interpreter,
    Machine,
    NumericLibrary,
    Settings,
    SharedLibrary,
)
from twice.records.run import Git, Launched, Ref, RunRecord, StepResult
from twice.records.trace import FileRead, Observed, Trace, VariableRead, Watched
from twice.records.verdict import Cause, Diagnosis, Experiment, Finding, StepVerdict, Verdict
from twice.records.version import InputFile, StepSpec, Tolerance, Version

FOLDER = Path(__file__).parent / f"format_{FORMAT}"
THEN = 1_750_000_000_123_456_789


def name(text: str) -> Digest:
    """A digest to fill a field with."""
    return digest_bytes(text.encode())


ARTIFACT = Artifact(
    kind="numpy.ndarray",
    content=name("content"),
    skeleton=name("skeleton"),
    buffers=(name("buffer 1"), name("buffer 0")),
    aside=name("aside"),
    aside_buffers=(name("aside buffer"),),
    size=4096,
    preview='array([0.1, …]) "quoted" \\ \n\t\u2028',
    references=("numpy:ndarray",),
    executes=True,
    unstable=True,
)

ENVIRONMENT = Environment(
    interpreter=Interpreter(implementation="CPython", version="3.11.7", build="main, May 9", compiler="GCC 12.2.0"),
    machine=Machine(
        system="Linux",
        release="6.1.0",
        architecture="x86_64",
        libc="glibc 2.36",
        cpu="A processor (R) @ 2.50GHz",
        cpu_flags=("avx2", "fma"),
        cores=2,
        caches=("L1d 32K", "L2 1024K"),
        gpus=("NVIDIA H100, driver 550.1",),
    ),
    distributions=(
        Distribution(
            name="numpy",
            version="2.0.0",
            installer="pip",
            origin="index",
            top_level=("numpy",),
            files="ab",
            edited=(("numpy/a.py", "cd"),),
        ),
        Distribution(name="own", version="0.1", origin="editable"),
    ),
    numeric=(NumericLibrary(name="openblas", version="0.3.27", kernel="Haswell", threads=1, file="libopenblas.so"),),
    variables={"OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"},
    libraries=(SharedLibrary(name="libc.so.6", package="libc6", version="2.36-9"),),
    container="docker",
)

CODE = Code(
    nodes=(
        Node(
            id="__main__:fit",
            kind="function",
            own=name("own"),
            text=name("text"),
            meaning=name("meaning"),
            edges=(("calls", "helpers:clean"), ("reads", "numpy==2.0.0")),
            note="used in ways that cannot be followed; the whole module counts",
        ),
    ),
    steps={
        "fit": StepCode(
            function="__main__:fit", semantic=name("semantic"), textual=name("textual"), reaches=("__main__:fit",)
        )
    },
)

SNAPSHOT = Snapshot(
    code=digest(CODE),
    modules=(
        ModuleSource(name="__main__", root="project", path="flow.py", source=name("source")),
        ModuleSource(name="helpers", root="project", path="helpers/__init__.py", source=name("helpers"), package=True),
        ModuleSource(name="space", root="project", path="space", source=name(""), package=True, namespace=True),
    ),
    places={"__main__:fit": Place(module="__main__", line=3, end_line=9)},
    outline=name("outline"),
    values=(ARTIFACT,),
    cwd=("project", "work"),
    search=(("project", "."), ("project", "lib")),
)

VERSION = Version(
    pipeline="churn – ünïcode",
    steps=(
        StepSpec(name="load", inputs={}, parameters={}, files=("data/*.csv",)),
        StepSpec(
            name="fit",
            inputs={"table": "load"},
            parameters={"depth": ARTIFACT},
            rtol=1e-7,
            atol=0.5,
            ulps=4,
            tolerance={"price": Tolerance(rtol=1e-6), "metrics.auc": Tolerance(atol=0.01, ulps=2)},
            compare=("recorded", "now"),
            allow="draws from the network",
            accept=("order", "rounding"),
        ),
    ),
    code=digest(CODE),
    seed=-(2**63),
    settings=Settings(hash_seed=0, threads=1, timezone="UTC", locale="C.UTF-8"),
    files=(
        InputFile(root="project", path="data/a.csv", content=name("a.csv"), size=12, declared=True),
        InputFile(root="", path="/data/large.bin", content=name("large"), size=2**40, stored=False),
    ),
    environment=digest(ENVIRONMENT),
    strict=True,
)

TRACE = Trace(
    key=name("key"),
    step="fit",
    ingredients={"seed": "0", "code": name("semantic"), "depth": "3"},
    inputs={"table": name("table")},
    output=ARTIFACT,
    watched=Watched(
        watcher="audit",
        files=(
            FileRead(root="project", path="a.csv", what="file", content=name("a.csv"), size=12, stored=True),
            FileRead(root="project", path="b.csv", what="missing"),
            FileRead(root="", path="/etc", what="listing", content=name("names")),
        ),
        written=(("project", "model.bin"),),
        executed=("/bin/true",),
        connected=("127.0.0.1:80",),
        observed=(Observed(what="entropy", which="os.urandom", root="project", path="flow.py", line=3),),
        variables=(VariableRead(name="HOME", content=name("/home")), VariableRead(name="NOT_SET", content=None)),
        distributions=("numpy==2.0.0",),
        unstable=("log.txt",),
        unseen=("io_uring",),
        confined="landlock 7",
    ),
    started=THEN,
    duration=1_234,
    host="a-host",
    environment=digest(ENVIRONMENT),
    stdout=name("stdout"),
    stderr=name("stderr"),
    mutated=("table",),
)

RUN = RunRecord(
    version=digest(VERSION),
    snapshot=digest(SNAPSHOT),
    steps=(
        StepResult(step="load", how="reused", reason="nothing it depends on has changed", trace=name("trace")),
        StepResult(
            step="fit",
            how="ran",
            reason="its code changed",
            trace=digest(TRACE),
            conflict=name("conflict"),
            meets=(("load", "model.bin"),),
        ),
        StepResult(step="report", how="failed", error="Traceback …\nValueError: no"),
        StepResult(step="send", how="skipped"),
    ),
    status="failed",
    purpose="verify",
    started=THEN,
    duration=5_678,
    host="a-host",
    environment=digest(ENVIRONMENT),
    label="v1.0",
    git=Git(commit="0" * 40, clean=False),
    twice="0.1.0",
    of=name("other run"),
    launch=Launched(
        kind="container",
        prefix=("setarch", "-R"),
        variables={"OMP_NUM_THREADS": "1"},
        removed=("MKL_CBWR",),
        detail={"image": "sha256:0"},
    ),
)

REF = Ref(version=digest(VERSION), run=digest(RUN), pipeline="churn – ünïcode", label="v1.0", created=THEN)

EXPERIMENT = Experiment(
    conditions=("the clock frozen",), outcomes=(name("output"), "fails: no"), traces=(digest(TRACE),), recorded=1
)
CAUSE = Cause(
    factor="clock",
    status="proven",
    detail="time.time",
    location="flow.py:12",
    reason="held still, it agrees",
    fix="take the moment from a parameter",
    evidence=(EXPERIMENT,),
)
VERDICT = Verdict(
    verdict="different",
    grade="order",
    steps=(
        StepVerdict(
            step="fit",
            verdict="different",
            grade="order",
            summary="3 of 4 differ",
            finding=Finding(
                path='["model"].coef_',
                what="3 of 4 differ",
                figures={"differing": 3.0},
                softer="same rows in another order",
                children=(Finding(path="[0]", what="1 → 2"),),
            ),
            left=name("left"),
            right=name("right"),
            reason="consistent with: time.time",
            accepted=False,
            diagnosis=Diagnosis(
                nature="unsteady",
                causes=(CAUSE,),
                others=(Cause(factor="threads", status="ruled out", reason="held still, it still disagreed"),),
                together=True,
                runs=7,
                power="4 runs in the same way gave the same",
                unsettled="the budget was used up",
                spread="3 outputs in 4 runs",
                operation="aten.sum.default (flow.py:12) is the first of PyTorch whose result differs",
            ),
            spreads="changes report, not send",
            seen=3,
            doubts=("2 outputs in 5 runs from the same inputs: 1 · 2",),
        ),
    ),
    left=digest(RUN),
    right=name("other run"),
    same_version=True,
    not_checked=("what example.org answered",),
    level="full",
    host="a-host",
    environment=digest(ENVIRONMENT),
    made=THEN,
)

RECORDS: dict[str, Record] = {
    "environment": ENVIRONMENT,
    "code": CODE,
    "snapshot": SNAPSHOT,
    "version": VERSION,
    "trace": TRACE,
    "run": RUN,
    "ref": REF,
    "verdict": VERDICT,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for kind, record in RECORDS.items():
        for ending, data in ((".json", encode(record)), (".digest", digest(record).encode())):
            file = FOLDER / (kind + ending)
            if not file.exists():
                file.write_bytes(data)
