"""Four packages were upgraded, and only two of them together moved a number: which, is found by halving the set."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Upgraded

THEN = ("certifi==2022.12.7", "python-dateutil==2.8.2", "toolz==0.12.0", "tzdata==2022.1")
NOW = ("certifi==2025.1.31", "python-dateutil==2.9.0.post0", "toolz==1.0.0", "tzdata==2025.1")
FLOW = """
import datetime, zoneinfo
import certifi, dateutil.zoneinfo, toolz, tzdata
from twice import Pipeline

def load():
    return [2023, 1, 15, 12]  # Chihuahua had given up its summer time in 2022

def hours(load):
    assert certifi.where() and tzdata.__version__
    moment = datetime.datetime(*toolz.unique(load))
    zoneinfo.reset_tzpath(to=[])  # so that the package is asked, and not the system
    zones = [dateutil.zoneinfo.get_zonefile_instance().get("America/Chihuahua"), zoneinfo.ZoneInfo("America/Chihuahua")]
    return max(zone.utcoffset(moment).total_seconds() / 3600 for zone in zones)

pipeline = Pipeline(steps=[load, hours], version="v1")
if __name__ == "__main__":
    pipeline.run()
    pipeline.save()
"""


def test_of_four_upgrades_the_two_that_moved_a_number_together_are_named(tmp_path: Path) -> None:
    upgraded = Upgraded(tmp_path, FLOW, THEN)
    upgraded.say("flow.py")
    upgraded.install(NOW)

    verdict = json.loads(upgraded.say("-m", "twice", "verify", "v1", "--json", status=1))
    [step] = [step for step in verdict["steps"] if step["verdict"] == "different"]
    proven = {cause["detail"] for cause in step["causes"] if cause["status"] == "proven"}
    assert (step["name"], step["together"]) == ("hours", True)
    assert proven == {"python-dateutil 2.8.2 → 2.9.0.post0", "tzdata 2022.1 → 2025.1"}
    built = len(list((upgraded.project.folder / ".twice" / "environments").glob("*/bin/python")))
    assert built < 2 ** len(NOW)  # not every set was tried
