"""How far two models are apart in what they predict, on data that is at hand."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
import xgboost
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from twice.values.predictions import NOW, RECORDED, ROWS, predictions

A = np.random.default_rng(0).normal(size=(200, 3))
FRAME = pd.DataFrame(A, columns=["a", "b", "c"]).assign(y=(A[:, 0] + 0.5 * A[:, 1] > 0).astype(int))


def classifier(columns: list[str], strength: float = 1.0) -> Any:
    return LogisticRegression(C=strength).fit(FRAME[columns], FRAME["y"])


def asked(recorded: Any, now: Any, **data: Any) -> list[dict[str, Any]]:
    return predictions({RECORDED: recorded, NOW: now, **data})


def test_a_classifier_is_asked_on_the_columns_that_it_knows() -> None:
    recorded, now = classifier(["a", "b"]), classifier(["a", "b"], 0.001)
    (found,) = asked({"model": recorded}, {"model": now}, train=FRAME, other=A[:, :1])
    differing = int((recorded.predict(FRAME[["a", "b"]]) != now.predict(FRAME[["a", "b"]])).sum())
    assert differing
    assert found["path"] == "['model']"
    assert found["what"].startswith(f"predictions on train: {differing} of 200 labels differ; 400 of 400 probabilities")
    assert found["figures"]["rows"] == 200
    assert found["figures"]["differing"] == differing


def test_models_that_are_the_same_are_not_asked() -> None:
    assert asked([classifier(["a"]), 1], [classifier(["a"]), 2], train=FRAME) == []


def test_where_no_data_suits_the_models_that_is_said() -> None:
    (found,) = asked(classifier(["a"]), classifier(["a"], 0.1), path="data.csv", other=A)
    assert found["what"].startswith("predictions were not compared: no data")
    assert found["figures"] == {}


def test_only_so_many_rows_are_asked_about() -> None:
    many = np.repeat(A[:, :1], 100, axis=0)
    found = asked(*(LinearRegression().fit(A[:, :1], A[:, 1] * by) for by in (1, 1.001)), x={"train": many})
    assert found[0]["what"].startswith(f"predictions on x['train'] (the first {ROWS:,} of 20,000 rows): ")
    assert found[0]["figures"]["norm_wise"] == pytest.approx(0.001, rel=1e-3)


def booster(rounds: int) -> Any:
    return xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(A, FRAME["y"]), rounds)


def light(rounds: int) -> Any:
    settings = {"verbose": -1, "num_threads": 1, "objective": "binary"}
    return lightgbm.train(settings, lightgbm.Dataset(A, FRAME["y"]), rounds)


def network(seed: int) -> Any:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout(0.5))


def texts(strength: float) -> Any:
    said = ["a good one", "a bad one", "good", "bad"]
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=strength)).fit(said, [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("recorded", "now", "data", "what"),
    [
        (booster(2), booster(3), A, "200 of 200 numbers differ, norm-wise relative error"),
        (light(2), light(3), A, "200 of 200 numbers differ"),
        (network(0), network(1), torch.tensor(A, dtype=torch.float32), "400 of 400 numbers differ"),
        (network(0), network(1), A, "400 of 400 numbers differ"),
        (texts(1.0), texts(0.001), ["good", "bad"], "all 2 labels are the same; 4 of 4 probabilities differ"),
        (texts(1.0), texts(0.001), pd.Series(["good", "bad"]), "all 2 labels are the same"),
        (
            *(KMeans(k, random_state=0, n_init=1).fit(A) for k in (2, 5)),
            scipy.sparse.csr_matrix(A),
            " of 200 labels differ",
        ),
    ],
    ids=["XGBoost", "LightGBM", "PyTorch", "PyTorch on an array", "texts", "a column of texts", "sparse"],
)
def test_models_of_every_library_are_asked(recorded: Any, now: Any, data: Any, what: str) -> None:
    (found,) = asked(recorded, now, train=data)
    assert what in found["what"]


class Own:
    """A model of the user's own."""

    def __init__(self, by: float) -> None:
        self.by = by

    def predict(self, data: Any) -> Any:
        return np.where(data[:, 0] > self.by, "yes", "no")


def test_a_model_of_the_users_own_is_asked_and_so_is_one_that_an_object_holds() -> None:
    class Holder:
        def __init__(self, model: Any) -> None:
            self.model = model

    (found,) = asked(Holder(Own(0.0)), Holder(Own(0.5)), train=A)
    count = int(((A[:, 0] > 0) & (A[:, 0] <= 0.5)).sum())
    assert (found["path"], found["what"]) == (".model", f"predictions on train: {count} of 200 labels differ")


def test_data_in_the_output_itself_will_do() -> None:
    (found,) = asked({"model": Own(0.0), "test": A}, {"model": Own(0.5), "test": A})
    assert found["what"].startswith("predictions on the recorded output['test']: ")
