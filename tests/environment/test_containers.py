"""A version in a container, with a real engine; without one this is skipped loudly, and CI does not let it be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import twice
from stories.telling import Project
from twice.environment import uv
from twice.environment.container import dockerfile, engine
from twice.errors import EnvironmentUnusable
from twice.records.environment import SharedLibrary

NEEDED = ("blake3", "click", "msgspec", "rich")


def base() -> str:
    """The base image of the tests."""
    found = os.environ.get("TWICE_TEST_BASE", "")
    if not found:
        why = "no container engine: set DOCKER_HOST and TWICE_TEST_BASE as `.ci/engine start DIR` says"
        if os.environ.get("TWICE_REQUIRE_ENGINE"):
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store in another folder; the project that it was made in and the environment that it ran on are gone."""
    base()
    place = tmp_path_factory.mktemp("moved")
    python = place / "first" / "bin" / "python"
    uv.run(["venv", "-q", "-p", sys.executable, str(place / "first")], doing="make an environment")
    uv.run(["pip", "install", "-q", "-p", str(python), "numpy", *NEEDED], doing="install")
    project = Project(place / "project")
    project.write(
        flow_py="""
            import os
            import numpy
            from twice import Pipeline
            def load():
                return numpy.random.default_rng(3).normal(size=(200, 20))
            def fit(load):
                return numpy.linalg.svd(load, compute_uv=False)
            def where(fit, again=False):
                if again:
                    open("/etc/new", "w")
                return float(fit[0])
            def eat(where, megabytes=0):
                return len(bytearray(megabytes << 20))
            pipeline = Pipeline(steps=[load, fit, where, eat])
            """,
        bounded_py="""
            from twice import Pipeline
            def peeks(path=""):
                return len(open(path, "rb").read()) if path else 0
            pipeline = Pipeline(steps=[peeks], strict=True)
            """,
    )
    path = f"{Path(uv.program()).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PYTHONPATH": str(Path(twice.__file__).parent.parent), "PATH": path}
    for file, version in (("flow.py", "v1"), ("bounded.py", "s1")):
        command = [str(python), "-m", "twice", "run", file, "--version", version, "--keep-wheels"]
        subprocess.run(command, cwd=project.folder, env=variables, check=True, stdout=subprocess.DEVNULL)
    store = place / "ein Läger, kopiert" / ".twice"
    shutil.copytree(project.folder / ".twice", store)
    shutil.rmtree(project.folder)
    shutil.rmtree(place / "first")
    yield store


def say(store: Path, *arguments: str, expect: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "twice", "--store", str(store), *arguments],
        cwd=store.parent,
        env={**os.environ, "UV_OFFLINE": "1", "TWICE_BASE_IMAGE": base(), **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def test_the_same_numbers_in_a_container_with_the_network_off_and_all_else_gone(moved: Path, tmp_path: Path) -> None:
    it_gives_the_same_numbers(moved)
    it_may_not_do_all(moved)
    it_is_held_to_what_it_declares(moved)
    it_is_exported(moved, tmp_path)
    it_is_the_same_when_it_is_built_again(moved)


def test_podman_gives_the_same_numbers_too(moved: Path) -> None:
    if not os.environ.get("TWICE_TEST_PODMAN"):
        assert "TWICE_REQUIRE_ENGINE" not in os.environ, "no Podman"
        pytest.skip("no Podman: `.ci/engine start DIR` says which variables to set")
    image = json.loads(say(moved, "env", "image", "v1", "--json", TWICE_CONTAINER_ENGINE="podman").stdout)
    verified = say(moved, "verify", "v1", "--env", "container", "--json", TWICE_CONTAINER_ENGINE="podman")
    verdict = json.loads(verified.stdout)
    assert verdict["verdict"] == "identical"
    runs = [json.loads(file.read_bytes()) for file in (moved / "records" / "run").rglob("*") if file.is_file()]
    details = [run["launch"]["detail"] for run in runs if run["launch"] and run["launch"]["kind"] == "container"]
    assert image["digest"] in [detail["image"] for detail in details if detail["engine"] == "podman"]
    left = subprocess.run(["podman", "ps", "-aq"], capture_output=True, text=True, check=True)
    assert left.stdout == ""


def it_is_the_same_when_it_is_built_again(moved: Path) -> None:
    def built() -> tuple[str, str, list[str]]:
        image = json.loads(say(moved, "env", "image", "v1", "--json").stdout)
        about = engine().image(image["image"])
        assert about is not None
        return image["image"], image["digest"], about["RootFS"]["Layers"]

    name, digest, layers = built()
    engine().run(["image", "rm", "-f", name], doing="remove it")
    _, again, same = built()
    assert layers == same
    assert (digest == again) == (engine().name == "podman")  # Docker writes the moment of building beside the layers
    left = engine().run(["image", "ls", "-q", "--filter", "label=twice.build"], doing="look")
    assert left == ""


def it_gives_the_same_numbers(moved: Path) -> None:
    built = say(moved, "env", "image", "v1", "--json")
    image = json.loads(built.stdout)
    verdict = json.loads(say(moved, "verify", "v1", "--env", "container", "--json").stdout)
    assert verdict["verdict"] == "identical"
    ran = json.loads(say(moved, "run", "v1", "--env", "container", "--json").stdout)
    assert [step["how"] for step in ran["run"]["steps"]] == ["ran"] * 4
    assert say(moved, "verify", "v1", "--env", "venv").stdout.count("identical (bytes)") == 4
    runs = [json.loads(file.read_bytes()) for file in (moved / "records" / "run").rglob("*") if file.is_file()]
    told = next(run["launch"] for run in runs if run["launch"] and run["launch"]["kind"] == "container")
    assert told["detail"]["image"] == image["digest"]
    assert told["detail"]["network"] == "none"
    assert not told["prefix"]
    left = subprocess.run(
        [engine().program, "ps", "-aq", "--filter", "name=twice-", "--filter", "status=exited"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert left.stdout == ""  # no container is left behind


def it_may_not_do_all(moved: Path) -> None:
    wrote = say(moved, "run", "v1", "--env", "container", "--param", "where.again=True", expect=1)
    assert "Read-only file system" in wrote.stderr
    limit = {"TWICE_CONTAINER_MEMORY": "300m"}
    killed = say(moved, "run", "v1", "--env", "container", "--param", "eat.megabytes=1500", expect=1, **limit)
    assert "killed (SIGKILL): out of memory" in killed.stderr
    broken = say(moved, "env", "image", "v1", "--base", "twice-test/none:1", expect=2)
    assert "could not pull the base image twice-test/none:1" in broken.stderr
    (moved.parent / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    command = [engine().program, "build", "-q", "-t", "twice-test/empty:1", "."]
    subprocess.run(command, cwd=moved.parent, check=True, capture_output=True)
    (moved.parent / "Dockerfile").unlink()
    unbuilt = say(moved, "env", "image", "v1", "--base", "twice-test/empty:1", expect=2)
    assert "could not build the image" in unbuilt.stderr


def it_is_held_to_what_it_declares(moved: Path) -> None:
    verdict = json.loads(say(moved, "verify", "s1", "--env", "container", "--json").stdout)
    assert verdict["verdict"] == "identical"
    for place in ("container", "venv"):
        other = moved / "index.sqlite"
        refused = say(moved, "run", "s1", "--env", place, "--param", f"peeks.path={other}", expect=1)
        assert f"strict=True refused what it does not declare: reading {other} (bounded.py:4)" in refused.stderr


def it_is_exported(moved: Path, tmp_path: Path) -> None:
    say(moved, "env", "export", "v1", "--to", str(tmp_path / "out"), "--base", base())
    out = tmp_path / "out"
    names = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file() and file.parent.name != "wheels"}
    assert names == {"Dockerfile", "pylock.toml", "requirements.txt", ".devcontainer/devcontainer.json"}
    uv.run(["venv", "-q", "-p", sys.executable, str(tmp_path / "v")], doing="make one")
    python = str(tmp_path / "v" / "bin" / "python")
    options = ["pip", "sync", "-q", "--offline", "--preview-features", "pylock", "-p", python, str(out / "pylock.toml")]
    uv.run(options, doing="install what was exported")
    assert subprocess.run([python, "-c", "import numpy"], check=True).returncode == 0
    # Somebody without Twice builds it, as the devcontainer says.
    about = json.loads((out / ".devcontainer" / "devcontainer.json").read_text())
    assert set(about) == {"name", "build"} and set(about["build"]) == {"dockerfile", "context"}
    file, context = (str(out / ".devcontainer" / about["build"][part]) for part in ("dockerfile", "context"))
    program, name = engine().program, "twice-test/exported:1"
    subprocess.run(
        [program, "build", "-q", "--network=none", "-t", name, "-f", file, context], check=True, capture_output=True
    )
    inside = [program, "run", "--rm", "--network=none", name, "python", "-c", "import numpy; print(numpy.__version__)"]
    told = subprocess.run(inside, check=True, capture_output=True, text=True).stdout.strip()
    assert f"numpy=={told} " in (out / "requirements.txt").read_text()
    again = say(moved, "env", "export", "v1", "--to", str(out), expect=2)
    assert "is not empty" in again.stderr


def test_no_engine_and_one_that_may_not_be_used_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentUnusable, match=r"needs Docker or Podman.*\n\nhint: install one"):
        engine()
    monkeypatch.setenv("TWICE_CONTAINER_ENGINE", "podman")
    with pytest.raises(EnvironmentUnusable, match="'podman', which is not installed here"):
        engine()
    monkeypatch.setenv("TWICE_CONTAINER_ENGINE", "lxc")
    with pytest.raises(EnvironmentUnusable, match="no engine that is known"):
        engine()
    monkeypatch.delenv("TWICE_CONTAINER_ENGINE")
    (tmp_path / "docker").write_text("#!/bin/sh\necho permission denied while trying to connect >&2\nexit 1\n")
    (tmp_path / "docker").chmod(0o700)
    with pytest.raises(EnvironmentUnusable, match=r"(?s)permission denied.*hint: you may not use the engine"):
        engine()


def test_an_engine_that_belongs_to_root_is_refused_to_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    base()
    if os.getuid():
        pytest.skip("only root can become somebody else")
    monkeypatch.setenv("TWICE_CONTAINER_ENGINE", "docker")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            engine()
        except EnvironmentUnusable as problem:
            os.write(writing, str(problem).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as told:
        said = told.read()
    os.waitpid(pid, 0)
    assert "could not use docker; docker says:" in said
    assert "permission denied while trying to connect" in said
    assert "hint: you may not use the engine: join its group" in said


def test_a_dockerfile_says_what_it_is_of() -> None:
    text = dockerfile(
        "python:3.11@sha256:0", "A title.", [SharedLibrary(name="libz.so.1.2", package="zlib1g")],
        alone=True, installer="pip", python="3.11",
    )  # fmt: skip
    assert text.startswith("# A title.\nFROM python:3.11@sha256:0 AS build\n")
    assert "--require-hashes" in text
    assert "libz.so:zlib1g" in text
