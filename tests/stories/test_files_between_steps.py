"""Files that steps make, look for, and meet in."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

SIDECAR = """
    import json, os
    from pathlib import Path
    import lightgbm
    from twice import Pipeline

    def fit():
        data = lightgbm.Dataset("train.csv", params={"header": False, "label_column": 0, "verbose": -1})
        settings = {"verbose": -1, "min_data_in_leaf": 1, "min_data_in_bin": 1, "num_leaves": 3, "seed": 1}
        return lightgbm.train(settings, data, 2).predict([[1.0], [30.0]]).tolist()

    def makes_a_folder():
        os.makedirs("made/by/it", exist_ok=True)
        (Path("made") / "too").mkdir(parents=True, exist_ok=True)
        Path("made/by/it/out.txt").write_text("out")
        return 1

    run = Pipeline(steps=[fit, makes_a_folder]).run()
    print(json.dumps([[step.how for step in run.record.steps], run["fit"], run.explain()["fit"]]))
"""

MEETS = """
    import json, time
    from pathlib import Path
    from twice import Pipeline

    def writes():
        Path("shared.txt").write_text("new")
        return 1

    def reads(seconds=0.0):
        return Path("shared.txt").exists()

    def gets_it(writes):
        return Path("shared.txt").read_text()

    def minds_its_own():
        return Path("own.txt").write_text("x")

    if __name__ == "__main__":
        pipeline = Pipeline(steps=[writes, reads, gets_it, minds_its_own], name="meets")
        for jobs in (1, 4):
            run = pipeline.run(jobs=jobs)
            print(json.dumps(sorted([step.step, *meeting] for step in run.record.steps for meeting in step.meets)))
"""


def test_a_sidecar_that_a_library_looks_for_and_does_not_find_is_one_that_may_appear(tmp_path: Path) -> None:
    project = Project(tmp_path)
    rows = "".join(f"{number % 3 + number},{number}\n" for number in range(40))
    project.write(flow_py=SIDECAR, train_csv=rows)

    def told() -> list[object]:
        found: list[object] = json.loads(project.python("flow.py").splitlines()[-1])
        return found

    how, plain, _ = told()
    assert how == ["ran", "ran"]
    assert told()[:2] == [["reused", "reused"], plain]
    weights = tmp_path / "train.csv.weight"
    weights.write_text("".join(f"{1 if number < 20 else 9}\n" for number in range(40)))
    how, weighted, why = told()
    assert how == ["ran", "reused"]
    assert weighted != plain
    assert "train.csv.weight is there now" in str(why)
    assert told()[:2] == [["reused", "reused"], weighted]
    weights.unlink()
    assert told()[:2] == [["reused", "reused"], plain]


def test_steps_that_meet_in_a_file_without_being_wired_are_told_so(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=MEETS)
    alone, side_by_side = map(json.loads, project.python("flow.py").splitlines()[-2:])
    assert ["reads", "writes", "shared.txt"] in alone
    met = {frozenset((one, other)) for one, other, _ in side_by_side}
    assert frozenset(("reads", "writes")) in met
    assert all("minds_its_own" not in pair and pair != frozenset(("writes", "gets_it")) for pair in met)
    shown = " ".join(project.python("-m", "twice", "show", "latest", "reads").split())
    assert "meets the step writes in shared.txt, and nothing says which comes first" in shown or (
        "meets the step reads in shared.txt"
        in " ".join(project.python("-m", "twice", "show", "latest", "writes").split())
    )
