"""Small records that hang together, for tests."""

from __future__ import annotations

from dataclasses import dataclass

from twice.records.artifact import Artifact
from twice.records.code import Code, ModuleSource, Node, Place, Snapshot, StepCode
from twice.records.digest import Digest, digest_bytes
from twice.records.environment import Distribution, Environment, Interpreter, Machine, NumericLibrary, Settings
from twice.records.run import Ref, RunRecord, StepResult
from twice.records.trace import FileRead, Trace, VariableRead, Watched
from twice.records.version import InputFile, StepSpec, Version
from twice.store import Store

NOON = 1_750_000_000_000_000_000
SETTINGS = Settings(hash_seed=0, threads=1, timezone="UTC", locale="C.UTF-8")
ENVIRONMENT = Environment(
    interpreter=Interpreter(implementation="CPython", version="3.11.7", build="main", compiler="GCC"),
    machine=Machine(
        system="Linux",
        release="6.1",
        architecture="x86_64",
        libc="glibc 2.36",
        cpu="A processor",
        cpu_flags=("avx2", "fma"),
        cores=2,
    ),
    distributions=(Distribution(name="numpy", version="2.0.0", installer="pip", top_level=("numpy",)),),
    numeric=(NumericLibrary(name="openblas", version="0.3", kernel="Haswell", threads=1, file="libopenblas.so"),),
    variables={"OMP_NUM_THREADS": "1"},
)


def key_of(text: str) -> Digest:
    """A key for tests, made from a text."""
    return digest_bytes(f"key {text}".encode())


def artifact_of(skeleton: Digest, *buffers: Digest) -> Artifact:
    """An artifact made of objects that may or may not be in a store."""
    return Artifact(kind="bytes", content=skeleton, skeleton=skeleton, buffers=buffers, size=4, preview="b'…'")


def put_code(store: Store, text: str = "def fit(): ...\n") -> Digest:
    """A code record."""
    meaning = digest_bytes(text.encode())
    return store.add(
        Code(
            nodes=(Node(id="flow:fit", kind="function", own=meaning, text=meaning, meaning=meaning),),
            steps={"fit": StepCode(function="flow:fit", semantic=meaning, textual=meaning, reaches=("flow:fit",))},
        )
    )


def put_snapshot(store: Store, text: str = "def fit(): ...\n") -> Digest:
    """A snapshot record and its objects."""
    return store.add(
        Snapshot(
            code=put_code(store, text),
            modules=(ModuleSource(name="flow", root="project", path="flow.py", source=store.put(text.encode())),),
            places={"flow:fit": Place(module="flow", line=1, end_line=1)},
            outline=store.put(b"{}"),
            values=(artifact_of(store.put(b"a constant")),),
        )
    )


def put_version(store: Store, pipeline: str = "churn", seed: int = 0) -> Digest:
    """A version with one step, and all that it refers to."""
    environment = store.add(ENVIRONMENT)
    depth = artifact_of(store.put(b"depth 3"))
    data = b"a,b\n1,2\n"
    return store.add(
        Version(
            pipeline=pipeline,
            steps=(StepSpec(name="fit", inputs={}, parameters={"depth": depth}),),
            code=put_code(store),
            seed=seed,
            settings=SETTINGS,
            files=(InputFile(root="project", path="data.csv", content=store.put(data), size=len(data)),),
            environment=environment,
        )
    )


def make_trace(store: Store, key: Digest, output: bytes = b"output", started: int = NOON) -> Trace:
    """A trace that is not added yet, with its objects and its environment put down."""
    return Trace(
        key=key,
        step="fit",
        ingredients={"code": "1", "seed": "0"},
        inputs={},
        output=artifact_of(store.put(output), store.put(output + b" buffer")),
        watched=Watched(
            watcher="audit",
            files=(
                FileRead(root="project", path="data.csv", what="file", content=store.put(b"x"), size=1, stored=True),
            ),
            variables=(VariableRead(name="HOME", content=None),),
        ),
        started=started,
        duration=1_000,
        host="here",
        environment=store.add(ENVIRONMENT),
        stdout=store.put(b"fitted\n"),
    )


@dataclass(frozen=True)
class Done:
    """A run with all that it refers to."""

    version: Digest
    trace: Digest
    run: Digest
    output: Digest


def put_run(store: Store, pipeline: str = "churn", *, seed: int = 0, started: int = NOON, purpose: str = "run") -> Done:
    """A run of one step, written in the order in which runs are written."""
    version = put_version(store, pipeline, seed)
    trace = make_trace(store, key_of(f"{pipeline} {seed}"), f"output {pipeline} {seed}".encode(), started)
    trace_digest = store.add(trace)
    run = store.add(
        RunRecord(
            version=version,
            snapshot=put_snapshot(store),
            steps=(StepResult(step="fit", how="ran", trace=trace_digest),),
            status="done",
            purpose=purpose,
            started=started,
            duration=2_000,
            host="here",
            environment=trace.environment,
        )
    )
    return Done(version, trace_digest, run, trace.output.skeleton)


def ref_to(done: Done, pipeline: str = "churn", label: str = "v1.0", created: int = NOON) -> Ref:
    """A ref to a run and its version."""
    return Ref(version=done.version, run=done.run, pipeline=pipeline, label=label, created=created)
