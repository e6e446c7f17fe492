from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.control.switches import default_settings, variables
from twice.records.environment import Settings


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return tmp_path


def test_what_the_user_chose_is_kept() -> None:
    environ = {"PYTHONHASHSEED": "42", "OMP_NUM_THREADS": "3", "TZ": "Europe/Berlin", "LC_ALL": "de_DE.UTF-8"}
    assert default_settings(environ) == Settings(
        hash_seed=42, threads=3, timezone="Europe/Berlin", locale="de_DE.UTF-8"
    )


def test_what_nobody_chose_is_looked_up(system: Path) -> None:
    found = default_settings({}, system)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert found == Settings(hash_seed=0, threads=cores or 1, timezone="UTC", locale="C.UTF-8")


def test_the_settings_of_this_machine_can_be_looked_up() -> None:
    found = default_settings()
    assert found.threads >= 1
    assert found.timezone and found.locale
    assert found == default_settings()


@pytest.mark.parametrize("text", ["random", "", "-1", "4294967296", "99999999999", "٣", "0x1"])
def test_a_hash_seed_that_cannot_be_kept_is_zero(text: str) -> None:
    assert default_settings({"PYTHONHASHSEED": text}).hash_seed == 0


@pytest.mark.parametrize(
    ("environ", "threads"),
    [
        ({"OMP_NUM_THREADS": "4,2"}, 4),
        ({"OMP_NUM_THREADS": " 4 "}, 4),
        ({"OMP_NUM_THREADS": "0", "OPENBLAS_NUM_THREADS": "5"}, 5),
        ({"OMP_NUM_THREADS": "many", "MKL_NUM_THREADS": "6"}, 6),
        ({"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "6"}, 2),
    ],
)
def test_threads_are_those_that_the_user_gave_openmp_or_else_a_blas(environ: dict[str, str], threads: int) -> None:
    assert default_settings(environ).threads == threads


@pytest.mark.parametrize(
    ("chosen", "zone"),
    [
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("CET-1CEST", "CET-1CEST"),
        ("", "UTC"),
    ],
)
def test_a_time_zone_is_named_without_its_folder(system: Path, chosen: str, zone: str) -> None:
    assert default_settings({"TZ": chosen}, system).timezone == zone


@pytest.mark.parametrize("target", ["/usr/share/zoneinfo/Asia/Tokyo", "../usr/share/zoneinfo/posix/Asia/Tokyo"])
def test_the_systems_time_zone_is_where_its_link_leads(system: Path, target: str) -> None:
    (system / "localtime").symlink_to(target)
    (system / "timezone").write_text("Europe/Rome\n")
    assert default_settings({}, system).timezone == "Asia/Tokyo"


def test_where_there_is_no_link_the_systems_file_is_believed(system: Path) -> None:
    (system / "localtime").write_bytes(b"TZif2")
    (system / "timezone").write_text("Europe/Rome\n")
    assert default_settings({}, system).timezone == "Europe/Rome"
    (system / "timezone").write_text("\n")
    assert default_settings({}, system).timezone == "UTC"


def test_a_link_to_anywhere_else_names_no_time_zone(system: Path) -> None:
    (system / "localtime").symlink_to("/somewhere/else")
    assert default_settings({}, system).timezone == "UTC"


def test_a_locale_is_the_strongest_that_is_set() -> None:
    assert default_settings({"LANG": "fr_FR.UTF-8"}).locale == "fr_FR.UTF-8"
    assert default_settings({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}).locale == "C"
    assert default_settings({"LANG": "", "LC_ALL": ""}).locale == "C.UTF-8"


@given(st.integers(0, 2**32 - 1), st.integers(1, 512), st.sampled_from(["UTC", "Asia/Tokyo"]))
def test_pinned_settings_are_found_again_by_who_looks(hash_seed: int, threads: int, zone: str) -> None:
    settings = Settings(hash_seed=hash_seed, threads=threads, timezone=zone, locale="C.UTF-8")
    assert default_settings(variables(settings)) == settings


def test_looking_changes_nothing_here() -> None:
    before = dict(os.environ)
    variables(default_settings())
    assert dict(os.environ) == before


WORKER = """
import json, os, time, locale
import threadpoolctl, numpy
pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
print(json.dumps([hash("twice"), pools, time.strftime("%Z", time.localtime(0)), os.environ["MPLBACKEND"]]))
"""


def worker(settings: Settings) -> list[object]:
    environ = {**os.environ, **variables(settings)}
    answer = subprocess.run([sys.executable, "-c", WORKER], env=environ, capture_output=True, text=True, check=True)
    found: list[object] = json.loads(answer.stdout)
    return found


def test_a_worker_that_is_started_with_them_is_pinned() -> None:
    settings = Settings(hash_seed=5, threads=1, timezone="Asia/Tokyo", locale="C.UTF-8")
    first = worker(settings)
    assert worker(settings) == first
    assert first[1] == [1] * len(first[1])  # type: ignore[arg-type]
    assert first[2:] == ["JST", "Agg"]
    assert worker(Settings(hash_seed=6, threads=1, timezone="UTC", locale="C.UTF-8"))[0] != first[0]
