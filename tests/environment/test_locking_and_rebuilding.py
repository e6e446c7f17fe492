"""Locks and what is rebuilt from them, with the real uv and an index that we can break."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment.indexes import PASSWORD, USER, Index, source, wheel
from twice.actions.environments import Experiments, buildable, whole
from twice.actions.lock import keeps_wheels, lock
from twice.actions.rebuild import collect, folder_of, rebuild
from twice.environment import uv
from twice.environment.lock import lockable, requirements_text, written
from twice.environment.python import distributions
from twice.environment.rebuild import interpreter_for
from twice.environment.record import environment
from twice.environment.wheels import fits, platforms
from twice.errors import EnvironmentUnusable
from twice.records.environment import Distribution, Environment
from twice.store.store import Store


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index with two packages, which wants a password, and nothing in uv's cache."""
    folder = tmp_path / "packages"
    folder.mkdir()
    wheel(folder, "alpha", "1.0", "NUMBER = 1\n")
    wheel(folder, "alpha", "2.0", "NUMBER = 2\n")
    wheel(folder, "beta_one", "1.0", "import alpha\n", needs="Requires-Dist: alpha\n")
    wheel(folder, "beta_one", "1.5", "import alpha\n", needs="Requires-Dist: alpha\n")
    served = Index(folder)
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.address)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for name in ("UV_INDEX", "UV_FIND_LINKS", "UV_OFFLINE", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    yield served
    served.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on a path that is not easy."""
    with Store.open(tmp_path / "a störe with späces" / ".twice") as opened:
        yield opened


def of(*distributions: Distribution, **pins: str) -> Environment:
    """An environment with these distributions, on this interpreter and machine."""
    here = environment(())
    named = [
        Distribution(name=name.replace("_", "-"), version=version, installer="pip") for name, version in pins.items()
    ]
    found = tuple(sorted((*distributions, *named), key=lambda distribution: distribution.name))
    return Environment(interpreter=here.interpreter, machine=here.machine, distributions=found)


def says(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_an_environment_is_locked_rebuilt_entered_and_collected(store: Store, index: Index, tmp_path: Path) -> None:
    recorded = of(alpha="1.0", beta_one="1.0")
    digest, found = lock(store, recorded)
    assert [(p.name, p.version) for p in found.packages] == [("alpha", "1.0"), ("beta-one", "1.0")]
    data = (index.folder / "alpha-1.0-py3-none-any.whl").read_bytes()
    assert found.packages[0].files[0].sha256 == hashlib.sha256(data).hexdigest()
    assert len(found.platforms) == 5
    assert lock(store, recorded) == (digest, found)  # it is not made again
    there = rebuild(store, found)
    assert says(there.python, "import beta_one, alpha; print(alpha.NUMBER)") == "1"
    assert [(d.name, d.version) for d in distributions(there.search)] == [("alpha", "1.0"), ("beta-one", "1.0")]
    before = Path(there.python).parent.stat().st_ino
    index.close()
    assert Path(rebuild(store, found).python).parent.stat().st_ino == before
    # Neither the password nor any address is anywhere in the store.
    held = b"".join(p.read_bytes() for p in store.path.rglob("*") if p.is_file() and "lib" not in p.parts)
    for secret in (PASSWORD, USER, f"127.0.0.1:{index.server.server_port}"):
        assert secret.encode() not in held
    assert store.check().ok
    (removed,) = collect(store)
    assert removed[0] == folder_of(store, found) and not removed[0].exists()


def test_kept_wheels_rebuild_it_with_no_index_and_are_stored_once(store: Store, index: Index) -> None:
    _, found = lock(store, of(alpha="1.0", beta_one="1.0"), keep_wheels=True)
    _, other = lock(store, of(alpha="1.0", beta_one="1.5"), keep_wheels=True)
    assert found.kept and other.kept
    assert found.packages[0].files[0].kept == other.packages[0].files[0].kept
    index.close()
    shutil.rmtree(os.environ["UV_CACHE_DIR"])
    there = rebuild(store, found)
    assert says(there.python, "import alpha; print(alpha.NUMBER)") == "1"
    assert not list(Path(there.search[-1]).glob("*/direct_url.json"))  # as if from the index
    assert store.check().ok


def test_two_rebuilds_of_one_lock_are_equal_byte_for_byte(store: Store, index: Index, tmp_path: Path) -> None:
    _, found = lock(store, of(alpha="1.0", beta_one="1.0"), keep_wheels=True)
    with Store.open(tmp_path / "second" / ".twice") as second:
        _, again = lock(second, of(alpha="1.0", beta_one="1.0"))
        sites = [Path(rebuild(place, one).search[-1]) for place, one in ((store, found), (second, again))]
        contents = [{p.relative_to(s): p.read_bytes() for p in s.rglob("*") if p.is_file()} for s in sites]
        assert contents[0] == contents[1]
        assert found.key == again.key


def test_many_at_once_make_one_environment(store: Store, index: Index) -> None:
    _, found = lock(store, of(alpha="1.0"))
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(rebuild(store, found).python)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


def test_a_release_that_is_gone_is_told_and_needs_no_index_where_its_wheel_is_kept(store: Store, index: Index) -> None:
    _, found = lock(store, of(alpha="1.0", beta_one="1.0"))
    _, kept = lock(store, of(alpha="2.0"), keep_wheels=True)
    for file in index.folder.glob("alpha-*"):
        file.unlink()
    shutil.rmtree(os.environ["UV_CACHE_DIR"])
    with pytest.raises(EnvironmentUnusable, match="alpha"):
        rebuild(store, found)
    assert says(rebuild(store, kept).python, "import alpha; print(alpha.NUMBER)") == "2"
    # And one that was gone before it could be locked is named; the rest is locked.
    _, rest = lock(store, of(alpha="1.0", beta_one="1.5"))
    assert [package.name for package in rest.packages] == ["beta-one"]
    assert [(left.name, left.version) for left in rest.left_out] == [("alpha", "1.0")]
    assert "not installed here any more" in rest.left_out[0].why
    with pytest.raises(EnvironmentUnusable, match=r"alpha 1\.0: the index has no alpha 1\.0"):
        whole(rest, {"alpha"})
    assert whole(rest, {"beta-one"}) is rest


def test_a_file_that_is_not_the_one_that_was_locked_is_refused(store: Store, index: Index) -> None:
    _, found = lock(store, of(alpha="1.0"))
    wheel(index.folder, "alpha", "1.0", "NUMBER = 666\n")
    shutil.rmtree(os.environ["UV_CACHE_DIR"])
    with pytest.raises(EnvironmentUnusable, match=r"(?i)hash") as refused:
        rebuild(store, found)
    assert PASSWORD not in str(refused.value)
    assert not folder_of(store, found).exists()


def test_a_source_that_does_not_compile_is_told(store: Store, index: Index) -> None:
    source(index.folder, "gamma", "1.0")
    _, found = lock(store, of(gamma="1.0"))
    assert found.platforms == ()
    with pytest.raises(EnvironmentUnusable, match=r"(?s)gamma.*hint: no wheel fits this platform") as refused:
        rebuild(store, found)
    assert "gcc: command not found" in str(refused.value)


def test_a_source_of_the_systems_that_no_step_reaches_is_left_out_and_the_rest_is_rebuilt(
    store: Store, index: Index
) -> None:
    source(index.folder, "gamma", "1.0", "raise SystemExit('gcc: command not found')")
    recorded = of(Distribution(name="gamma", version="1.0", origin="unknown"), alpha="1.0")
    _, found = lock(store, recorded)
    assert [package.name for package in found.packages] == ["alpha", "gamma"]
    assert buildable(found, recorded, {"gamma"}) == found
    rest = buildable(found, recorded, ())
    assert says(rebuild(store, rest).python, "import alpha; print(alpha.NUMBER)") == "1"
    ours = of(gamma="1.0", alpha="1.0")  # pip installed it, so that somebody wanted it
    assert buildable(found, ours, ()) == found


def test_broken_metadata_do_not_keep_the_rest_from_being_locked(store: Store, index: Index) -> None:
    odd = {"broken": "unknown", "we ird": "1.0", "pytz": "2004d"}
    strange = [Distribution(name=name, version=version, origin="unknown") for name, version in odd.items()]
    _, found = lock(store, of(*strange, alpha="1.0"))
    assert [package.name for package in found.packages] == ["alpha"]
    assert {left.name: left.version for left in found.left_out} == odd
    assert all("metadata are broken" in left.why for left in found.left_out)
    for version in ("1", "1.0.post1", "2!1.0rc1", "1.0-1", "1.0+local.3", "v1.0.dev2", "2024.1b0"):
        assert lockable("a.b-c_d", version)


def test_what_takes_longer_than_the_time_that_is_left_is_ended_with_all_that_it_started(
    store: Store, index: Index, tmp_path: Path
) -> None:
    began = tmp_path / "began"
    compiling = f"import os, time, pathlib; pathlib.Path({str(began)!r}).write_text(str(os.getpid())); time.sleep(600)"
    source(index.folder, "gamma", "1.0", compiling)
    between = Experiments(store, of(alpha="1.0", gamma="1.0"), of(alpha="2.0", gamma="1.0"))
    _, found = lock(store, between.recorded)
    given = 1.0
    while not began.exists():  # a busy machine needs longer before it compiles anything
        given *= 2
        with uv.until(time.monotonic() + given), pytest.raises(uv.OutOfTime, match="no time left to install"):
            rebuild(store, found)
    assert not running(int(began.read_text()))
    with uv.until(time.monotonic() - 1.0), pytest.raises(uv.OutOfTime, match="no time left"):
        between.launch({"alpha"})
    assert not folder_of(store, found).exists()
    assert not list((store.path / "tmp").glob("*/environment"))


def running(process: int) -> bool:
    """Whether a process is there and no zombie, which a container without an init never gets rid of."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_lock_for_another_platform_is_told(store: Store, index: Index) -> None:
    tag = f"cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-win_amd64"
    wheel(index.folder, "delta", "1.0", "", tag)
    _, found = lock(store, of(delta="1.0"))
    assert found.platforms == ("windows amd64",)
    with pytest.raises(EnvironmentUnusable, match=r"(?s)delta.*hint: the lock is for another platform"):
        rebuild(store, found)


def test_no_index_and_no_uv_are_told(store: Store, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.close()
    with pytest.raises(EnvironmentUnusable, match=r"(?s)could not look the installed distributions up.*network"):
        lock(store, of(alpha="1.0"))
    uv.program.cache_clear()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(EnvironmentUnusable, match=r"uv, which is not installed.\n\nhint: pip install 'twice\[env\]'"):
        uv.program()
    uv.program.cache_clear()


def test_an_interpreter_that_is_not_here_is_told_with_the_way_to_get_it() -> None:
    with pytest.raises(EnvironmentUnusable, match=r"ran on Python 3\.99\.1.*\n\nhint: uv python install 3\.99\.1"):
        interpreter_for("CPython", "3.99.1")
    with pytest.raises(EnvironmentUnusable, match="only CPython"):
        interpreter_for("PyPy", "3.11.7")
    here = ".".join(str(part) for part in sys.version_info[:3])
    assert Path(interpreter_for("CPython", here)).exists()


def test_local_and_editable_installs_become_wheels_in_the_vault(
    store: Store, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    for name in ("local_one", "edit_one", "vcs_one"):
        project = tmp_path / name
        project.mkdir()
        (project / f"{name}.py").write_text(f"NAME = {name!r}\n")
        (project / "backend.py").write_text(BACKEND.format(name=name))
        (project / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            f'[project]\nname = "{name}"\nversion = "0.3"\n'
        )
    options = ["pip", "install", "-q", "--no-deps", "--target", str(site), "-p", sys.executable]
    git = ["git", "-C", str(tmp_path / "vcs_one"), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    installs = [str(tmp_path / "local_one"), "-e", str(tmp_path / "edit_one"), f"git+file://{tmp_path / 'vcs_one'}"]
    subprocess.run([uv.program(), *options, *installs], check=True)
    monkeypatch.syspath_prepend(str(site))
    own = {d.name: d for d in distributions((str(site),))}
    assert [own[f"{name}-one"].origin for name in ("local", "edit", "vcs")] == ["local", "editable", "vcs"]
    _, found = lock(store, of(*own.values(), alpha="1.0"))
    assert {p.name for p in found.packages if p.files[0].kept} == {"local-one", "edit-one", "vcs-one"}
    assert found.left_out == ()
    for name in ("local_one", "edit_one", "vcs_one"):
        shutil.rmtree(tmp_path / name)
    there = rebuild(store, found)
    asked = "import local_one, edit_one, vcs_one; print(local_one.NAME, edit_one.NAME, vcs_one.NAME)"
    assert says(there.python, asked) == "local_one edit_one vcs_one"
    # Without its list of files, or with a file gone, nothing can be made of it, and that is said.
    (next(site.glob("local_one-*")) / "RECORD").unlink()
    with Store.open(tmp_path / "other" / ".twice") as other:
        _, less = lock(other, of(own["local-one"], own["edit-one"]))
        assert {left.name for left in less.left_out} == {"local-one", "edit-one"}


BACKEND = """
import pathlib, zipfile
NAME = {name!r}
def build_wheel(folder, config=None, metadata=None, editable=False):
    about = NAME + "-0.3.dist-info"
    wheel = NAME + "-0.3-py3-none-any.whl"
    here = pathlib.Path(__file__).parent
    with zipfile.ZipFile(pathlib.Path(folder) / wheel, "w") as archive:
        if editable:
            archive.writestr(NAME + ".pth", str(here))
        else:
            archive.write(here / (NAME + ".py"), NAME + ".py")
        archive.writestr(about + "/METADATA", "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: 0.3\\n")
        archive.writestr(about + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(about + "/RECORD", NAME + ".py,,\\n")
    return wheel
def build_editable(folder, config=None, metadata=None):
    return build_wheel(folder, editable=True)
"""


def test_what_conda_installed_is_taken_from_the_index_and_the_rest_is_named(
    store: Store, index: Index, tmp_path: Path
) -> None:
    site = tmp_path / "conda" / "lib" / "python3.11" / "site-packages"
    made = str(index.folder / "alpha-1.0-py3-none-any.whl")
    uv.run(["pip", "install", "-q", "--no-deps", "-p", sys.executable, "--target", str(site), made], doing="install")
    described = site / "alpha-1.0.dist-info"
    (described / "INSTALLER").write_text("conda\n")
    (described / "direct_url.json").write_text('{"dir_info": {}, "url": "file:///croot/alpha_1/work"}')
    meta = tmp_path / "conda" / "conda-meta"
    meta.mkdir()
    for name in (
        "alpha-1.0-py311h64a7726_0",
        "libopenblas-0.3.27-pthreads_hac2b453_1",
        "python-3.11.7-hab00c5b_1_cpython",
    ):
        (meta / f"{name}.json").write_text("{}")
    (meta / "history").write_text("")
    found = distributions([str(site)])
    assert [(d.name, d.version, d.origin) for d in found] == [
        ("alpha", "1.0", "index"),
        ("libopenblas", "0.3.27", "conda"),
    ]
    digest, locked = lock(store, of(*found))
    assert [(package.name, package.files[0].kept) for package in locked.packages] == [("alpha", None)]
    assert [(left.name, left.version) for left in locked.left_out] == [("libopenblas", "0.3.27")]
    assert "no index has it" in locked.left_out[0].why
    assert lock(store, of(*found)) == (digest, locked)  # and is not looked for again
    assert says(rebuild(store, locked).python, "import alpha; print(alpha.NUMBER)") == "1"
    (other,) = (d for d in found if d.name == "libopenblas")
    assert Experiments(store, of(other, alpha="1.0"), of(alpha="2.0")).names == ("alpha",)


@pytest.mark.parametrize(("said", "meant"), [("1", True), (" Yes ", True), ("on", True), ("0", False), ("", False)])
def test_a_variable_makes_keeping_wheels_the_rule(said: str, meant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWICE_KEEP_WHEELS", said)
    assert keeps_wheels() is meant


COMPILES = {"PYTHONDONTWRITEBYTECODE": ""}
COMPILED = f"{{}}.{sys.implementation.cache_tag}.pyc"


def test_experiments_swap_single_distributions_both_ways(store: Store, index: Index) -> None:
    between = Experiments(store, of(alpha="1.0", beta_one="1.0"), of(alpha="2.0", beta_one="1.5"))
    assert between.names == ("alpha", "beta-one")
    versions = "import importlib.metadata as m; print(m.version('alpha'), m.version('beta-one'))"
    assert says(between.launch(()).python, versions) == "1.0 1.0"
    subprocess.run([between.launch(()).python, "-c", "import beta_one"], check=True, env={**os.environ, **COMPILES})
    assert says(between.launch(between.names).python, versions) == "2.0 1.5"
    swapped = between.launch({"alpha"})
    assert says(swapped.python, versions) == "2.0 1.0"
    assert says(between.launch({"alpha"}, reverse=True).python, versions) == "1.0 1.5"
    # What was compiled in one is not compiled again in another: beta-one is the same in both, and alpha is not.
    sites = [Path(launched.search[-1]) / "__pycache__" for launched in (between.launch(()), swapped)]
    assert sites[0].joinpath(COMPILED.format("beta_one")).samefile(sites[1] / COMPILED.format("beta_one"))
    assert not (sites[1] / COMPILED.format("alpha")).exists()
    index.close()
    assert between.launch({"alpha"}).python == swapped.python
    assert [(d.name, d.version) for d in swapped.environment.distributions] == [("alpha", "2.0"), ("beta-one", "1.0")]  # type: ignore[union-attr]
    with pytest.raises(EnvironmentUnusable, match="nothing differs in numpy"):
        between.launch({"numpy"})


def test_a_rebuilt_environment_is_made_from_within_another(store: Store, index: Index) -> None:
    outer = rebuild(store, lock(store, of(alpha="1.0"))[1])
    inner = rebuild(store, lock(store, of(alpha="2.0"))[1])
    code = "import sys; print(sys.prefix != sys.base_prefix, sys.base_prefix)"
    told = {says(python, code) for python in (outer.python, inner.python)}
    assert told == {f"True {sys.base_prefix}"}


def test_locks_are_written_for_other_tools_and_name_their_platforms(store: Store, index: Index, tmp_path: Path) -> None:
    _, found = lock(store, of(alpha="1.0"))
    (tmp_path / "wheels").mkdir()
    data = (index.folder / "alpha-1.0-py3-none-any.whl").read_bytes()
    (tmp_path / "wheels" / "alpha-1.0-py3-none-any.whl").write_bytes(data)
    text = written(found.packages, found.python, {"alpha-1.0-py3-none-any.whl": "wheels/alpha-1.0-py3-none-any.whl"})
    assert tomllib.loads(text)["packages"][0]["wheels"][0]["path"].startswith("wheels/")
    (tmp_path / "pylock.toml").write_text(text)
    index.close()
    site = tmp_path / "by pip"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--target", str(site), "-r", "pylock.toml"]
    subprocess.run(command, cwd=tmp_path, check=True, env={**os.environ, "PIP_CONFIG_FILE": os.devnull})
    assert (site / "alpha.py").read_text() == "NUMBER = 1\n"
    (tmp_path / "wheels" / "alpha-1.0-py3-none-any.whl").write_bytes(data + b"\n")
    refused = subprocess.run([*command, "--force-reinstall"], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode and "hash" in refused.stderr.lower()
    assert requirements_text(found.packages).startswith("alpha==1.0 \\\n    --hash=sha256:")
    assert "://" not in requirements_text(found.packages)
    assert platforms([["a-1-py3-none-any.whl"], ["b-1-cp311-cp311-macosx_11_0_arm64.whl", "b-1.tar.gz"]]) == (
        "macos arm64",
    )
    assert fits("x-1-cp39-abi3-linux_x86_64.whl", "3.11.7")
    assert not fits("x-1-cp312-cp312-linux_x86_64.whl", "3.11.7")
    assert not fits("x-1-cp312-abi3-linux_x86_64.whl", "3.11.7")
