"""deterministic=True switches on what libraries offer, and refuses what they cannot: with the libraries themselves."""

from __future__ import annotations

from pathlib import Path

from stories.telling import Project

FLOW = """
    import os
    import numpy as np
    from twice import Pipeline, step

    def rows():
        return np.random.normal(size=(200, 4))

    def refused(call):
        try:
            return repr(call())
        except Exception as problem:
            return f"{type(problem).__name__}: {problem}"

    def torch_step(rows):
        import torch
        return {
            "on": torch.are_deterministic_algorithms_enabled(), "benchmark": torch.backends.cudnn.benchmark,
            "threads": torch.get_num_threads(),
            "warn": refused(lambda: torch.use_deterministic_algorithms(True, warn_only=True)),
            "off": refused(lambda: torch.use_deterministic_algorithms(False)),
            "again": refused(lambda: torch.use_deterministic_algorithms(True)),
            "fill": refused(lambda: torch.empty(2).tolist()),
        }

    def boosters(rows):
        import catboost, lightgbm, xgboost
        y = rows[:, 0] > 0
        def light(**params):
            data = lightgbm.Dataset(rows, label=y)
            return lightgbm.train({"objective": "binary", "verbose": -1, **params}, data, num_boost_round=2)
        def linear(**params):
            return xgboost.train({"booster": "gblinear", **params}, xgboost.DMatrix(rows, label=y), 2)
        model = light()
        return {
            "light": "[deterministic: 1]" in model.model_to_string(),
            "fitted": lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(rows, y).booster_.params["deterministic"],
            "light gpu": refused(lambda: light(device_type="gpu")),
            "light off": refused(lambda: light(deterministic=False)),
            "read": lightgbm.Booster(model_str=model.model_to_string()).num_trees(),
            "linear": "coord_descent" in linear().save_config(),
            "shotgun": refused(lambda: linear(updater="shotgun")),
            "cat gpu": refused(lambda: catboost.CatBoostClassifier(iterations=1, task_type="GPU").fit(rows, y)),
            "cat": catboost.CatBoostClassifier(iterations=1, verbose=0).fit(rows, y).tree_count_,
            "variables": [os.environ[name] for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "MKL_CBWR")],
        }

    @step(allow="it is an example")
    def allowed(rows):
        import lightgbm
        data = lightgbm.Dataset(rows, label=rows[:, 0] > 0)
        return lightgbm.train({"deterministic": False, "verbose": -1}, data, num_boost_round=2).num_trees()

    pipeline = Pipeline(steps=[rows, torch_step, boosters, allowed], version="v1", deterministic=True)
    if __name__ == "__main__":
        import json
        run = pipeline.run()
        pipeline.save()
        print(json.dumps([run["torch_step"], run["boosters"], run["allowed"]]))
    """


def test_controls_are_on_and_what_cannot_be_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW)
    torch, boosters, allowed = project.tell("import runpy; runpy.run_path('flow.py', run_name='__main__')")
    assert torch["on"] and not torch["benchmark"] and torch["threads"] == 1
    for name in ("warn", "off"):
        assert torch[name].startswith("NotDeterministic: torch was asked to let pass")
        assert "@step(allow='…')" in torch[name]
    assert torch["again"] == "None"
    assert "nan" in torch["fill"], "memory that nobody wrote to is filled, or it would differ"
    assert boosters["light"] and boosters["fitted"] is True and boosters["read"] == 2 and boosters["linear"]
    assert "CPU only" in boosters["light gpu"] and "deterministic=False" in boosters["light off"]
    assert "'shotgun'" in boosters["shotgun"] and "GPU is not deterministic" in boosters["cat gpu"]
    assert boosters["cat"] == 1
    assert boosters["variables"] == ["1", "1", "COMPATIBLE"]
    assert allowed == 2, "a step that may differ is left alone"

    assert "deterministic" in project.python("-m", "twice", "show", "v1")
