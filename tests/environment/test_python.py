from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from twice.environment.installed import normalised
from twice.environment.python import distribution_of, distributions, distributions_of, interpreter
from twice.records.environment import Distribution

Install = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return folder


@pytest.fixture
def install(site: Path) -> Install:
    def put(folder: str, metadata: str | bytes | None = None, **files: str) -> Path:
        described = site / folder
        described.mkdir()
        if metadata is not None:
            data = metadata if isinstance(metadata, bytes) else metadata.encode()
            (described / "METADATA").write_bytes(data)
        for name, text in files.items():
            (described / {"direct_url": "direct_url.json", "top_level": "top_level.txt"}.get(name, name)).write_text(
                text
            )
        return described

    return put


def only(site: Path) -> Distribution:
    (distribution,) = distributions([str(site)])
    return distribution


def test_the_interpreter_says_what_it_is() -> None:
    here = interpreter()
    assert here.implementation == platform.python_implementation()
    assert here.version == platform.python_version()
    assert here.compiler == platform.python_compiler()


def test_every_distribution_here_is_found_as_importlib_finds_it() -> None:
    expected: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        expected.setdefault(normalised(distribution.metadata["Name"]), distribution.version)
    assert {found.name: found.version for found in distributions()} == expected


def test_modules_here_belong_to_the_distributions_that_importlib_says() -> None:
    expected: dict[str, set[str]] = {}
    for entry, names in importlib.metadata.packages_distributions().items():
        expected.setdefault(entry.partition("/")[0], set()).update(names)  # nvidia/cusparselt, as one package says
    for module, owners in expected.items():
        if module.isidentifier() and not module.startswith(("__editable__", "_editable_impl_", "__pycache__")):
            assert {normalised(name) for name in owners} == {name for name, _ in distributions_of(module)}, module


def test_modules_are_found_under_the_names_they_are_imported_by() -> None:
    assert distribution_of("sklearn.linear_model") == ("scikit-learn", importlib.metadata.version("scikit-learn"))
    assert distribution_of("PIL") is not None
    assert distribution_of("json") is None
    assert distribution_of("no_such_module") is None


def test_an_ordinary_install_is_read_whole(site: Path, install: Install) -> None:
    install(
        "Deep_Blue-1.2.dist-info",
        "Metadata-Version: 2.1\nName: Deep.Blue\nVersion: 1.2\n\nName: not this\n",
        INSTALLER="pip\n",
        RECORD="deep/__init__.py,sha256=x,1\nblue.cpython-311-x86_64-linux-gnu.so,,\n../../bin/deep,,\ndata/x.csv,,\n"
        "deep/__pycache__/__init__.cpython-311.pyc,,\n__pycache__/blue.cpython-311.pyc,,\ndeep.libs/libblas.so,,\n",
    )
    found = only(site)
    assert len(found.files) == 32
    assert replace(found, files="") == Distribution(
        name="deep-blue", version="1.2", installer="pip", origin="index", top_level=("blue", "deep")
    )
    assert distribution_of("blue", [str(site)]) == ("deep-blue", "1.2")


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        ('{"url": "file:///home/me/x", "dir_info": {"editable": true}}', "editable"),
        ('{"url": "file:///home/me/x", "dir_info": {}}', "local"),
        ('{"url": "file:///home/me/x.whl", "archive_info": {}}', "local"),
        ('{"url": "https://me:secret@host/x.git", "vcs_info": {"vcs": "git", "commit_id": "0"}}', "vcs"),
        ('{"url": "https://me:secret@host/x.whl", "archive_info": {}}', "unknown"),
        ("not json", "unknown"),
        ("[]", "unknown"),
        ("{}", "unknown"),
        ('{"url": 3, "dir_info": 4}', "unknown"),
    ],
)
def test_an_origin_is_told_and_its_address_is_not(site: Path, install: Install, direct_url: str, origin: str) -> None:
    install("x-1.dist-info", "Name: x\nVersion: 1\n", direct_url=direct_url, INSTALLER="uv")
    assert only(site).origin == origin
    assert "secret" not in repr(only(site)) and "/home" not in repr(only(site))


def test_an_install_that_nobody_signed_is_of_unknown_origin(site: Path, install: Install) -> None:
    install("x-1.dist-info", "Name: x\nVersion: 1\n")
    assert (only(site).origin, only(site).installer, only(site).top_level) == ("unknown", "", ())


@pytest.mark.parametrize("metadata", [b"", b"\xff\xfe\x00", b"no fields here", b"\n\nName: y\nVersion: 2\n", None])
def test_broken_metadata_leave_what_the_folder_is_called(site: Path, install: Install, metadata: bytes | None) -> None:
    install("x-1.0.dist-info", metadata, RECORD="x.py,,\n")
    assert (only(site).name, only(site).version, only(site).top_level) == ("x", "1.0", ("x",))


def test_fields_far_down_a_long_header_are_found(site: Path, install: Install) -> None:
    install("x.dist-info", "Metadata-Version: 2.1\n" + "Classifier: y\n" * 2000 + "Name: x\r\nVersion: 3\r\n\r\ntext")
    assert (only(site).name, only(site).version) == ("x", "3")


def test_what_has_no_version_says_so(site: Path, install: Install) -> None:
    install("x.dist-info", "Name: x\n")
    assert only(site).version == "unknown"


def test_what_an_uninstall_left_over_is_no_distribution(site: Path, install: Install) -> None:
    install("pandas-2.0.dist-info")
    install("~andas-2.1.dist-info", None, RECORD="x.py,,\n")
    (site / "broken.dist-info").symlink_to(site / "nowhere")
    install("pandas-2.2.dist-info", "Name: pandas\nVersion: 2.2\n")
    assert [(found.name, found.version) for found in distributions([str(site)])] == [("pandas", "2.2")]


def test_the_first_on_the_path_wins(tmp_path: Path, site: Path, install: Install) -> None:
    install("x-2.dist-info", "Name: X\nVersion: 2\n")
    other = tmp_path / "other"
    (other / "x-1.dist-info").mkdir(parents=True)
    (other / "x-1.dist-info" / "METADATA").write_text("Name: x\nVersion: 1\n")
    assert [found.version for found in distributions([str(other), str(site)])] == ["1"]
    assert [found.version for found in distributions([str(site), str(other)])] == ["2"]


def test_what_is_installed_meanwhile_is_seen(site: Path, install: Install) -> None:
    install("x-1.dist-info", "Name: x\nVersion: 1\n")
    os.utime(site, ns=(1, 1))  # whatever the clock's grain, the folder changes from here
    assert len(distributions([str(site)])) == 1
    install("y-1.dist-info", "Name: y\nVersion: 1\n", top_level="y\n")
    assert [found.name for found in distributions([str(site)])] == ["x", "y"]
    assert distribution_of("y", [str(site)]) == ("y", "1")


def test_a_shared_namespace_is_told_apart_by_the_longer_name(site: Path, install: Install) -> None:
    install("g_storage-1.dist-info", "Name: g-storage\nVersion: 1\n", RECORD="g/cloud/storage/__init__.py,,\n")
    install("g_vision-2.dist-info", "Name: g-vision\nVersion: 2\n", RECORD="g/cloud/vision.py,,\n")
    path = [str(site)]
    assert distributions_of("g", path) == (("g-storage", "1"), ("g-vision", "2"))
    assert distributions_of("g.cloud.vision", path) == (("g-vision", "2"),)
    assert distributions_of("g.cloud.storage", path) == (("g-storage", "1"),)
    assert distributions_of("g.cloud.elsewhere", path) == (("g-storage", "1"), ("g-vision", "2"))


def test_two_distributions_with_one_and_the_same_module_both_own_it(site: Path, install: Install) -> None:
    for name in ("cv-whole", "cv-small"):
        install(f"{name}-1.dist-info", f"Name: {name}\nVersion: 1\n", RECORD="cv2/__init__.py,,\n")
    assert distributions_of("cv2", [str(site)]) == (("cv-small", "1"), ("cv-whole", "1"))
    assert distributions_of("cv2.data", [str(site)]) == (("cv-small", "1"), ("cv-whole", "1"))


def test_a_namespace_of_a_distribution_without_a_list_of_files_is_still_its_own(site: Path, install: Install) -> None:
    install("a-1.dist-info", "Name: a\nVersion: 1\n", top_level="g\n")
    install("b-1.dist-info", "Name: b\nVersion: 1\n", RECORD="g/b.py,,\n")
    assert distributions_of("g.b", [str(site)]) == (("a", "1"), ("b", "1"))
    assert distributions_of("g.other", [str(site)]) == (("a", "1"),)


def test_the_old_form_is_read_too(tmp_path: Path, site: Path) -> None:
    (site / "old-1.0-py3.11.egg-info").write_text("Metadata-Version: 1.1\nName: old\nVersion: 1.0\n")
    assert (only(site).name, only(site).version, only(site).origin) == ("old", "1.0", "unknown")
    project = tmp_path / "project"
    (project / "mine.egg-info").mkdir(parents=True)
    (project / "mine.egg-info" / "PKG-INFO").write_text("Name: mine\nVersion: 0.1\n")
    (project / "mine.egg-info" / "top_level.txt").write_text("mine\n")
    assert only(project) == Distribution(name="mine", version="0.1", origin="editable", top_level=("mine",))


def test_an_archive_on_the_path_is_read_and_a_broken_one_does_no_harm(tmp_path: Path) -> None:
    archive, broken = tmp_path / "x.zip", tmp_path / "broken.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x-1.dist-info/METADATA", "Name: x\nVersion: 1\n")
        file.writestr("x-1.dist-info/top_level.txt", "x\n")
    broken.write_bytes(b"PK\x03\x04 and no more")
    assert only(archive) == Distribution(name="x", version="1", origin="unknown", top_level=("x",))
    assert distributions([str(broken), str(tmp_path / "nowhere")]) == ()


def test_odd_entries_on_the_path_do_no_harm(tmp_path: Path) -> None:
    script = (
        "import os, sys; os.rmdir(os.getcwd()); sys.path[:0] = ['', b'bytes', None, 'no/such'];"
        "from twice.environment.python import distributions; print(len(distributions()) > 10)"
    )
    gone = tmp_path / "gone"
    gone.mkdir()
    answer = subprocess.run([sys.executable, "-P", "-c", script], cwd=gone, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True"


def test_looking_writes_nothing_and_imports_nothing(site: Path, install: Install) -> None:
    install("json5-1.dist-info", "Name: json5\nVersion: 1\n", top_level="json5\n")
    before, modules = sorted(site.rglob("*")), set(sys.modules)
    assert distribution_of("json5", [str(site)]) == ("json5", "1")
    assert sorted(site.rglob("*")) == before
    assert set(sys.modules) == modules
