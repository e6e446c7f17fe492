"""Which of three growers made this wine? A classifier from the laboratory tests that a budget allows."""

import tomllib
from pathlib import Path

import lab
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from twice import Pipeline

PARAMS = tomllib.loads(Path(__file__).with_name("params.toml").read_text())


def bottles():
    """All bottles: thirteen laboratory readings each, and the grower."""
    return load_wine(as_frame=True).frame


def readings(bottles, budget=PARAMS["budget"]):
    """The readings that the budget allows, without the instrument's outliers."""
    tests = lab.affordable(budget)
    print(f"{len(tests)} of {bottles.shape[1] - 1} tests are affordable")
    return lab.trusted(bottles[tests]).assign(grower=bottles["target"])


def split(readings, test_share=PARAMS["test_share"]):
    """Two tables: to learn from, and to be examined on."""
    return train_test_split(readings, test_size=test_share, stratify=readings["grower"])


def model(split, trees=PARAMS["trees"], depth=PARAMS["depth"]):
    """The classifier."""
    table = split[0]
    return RandomForestClassifier(trees, max_depth=depth).fit(table.drop(columns="grower"), table["grower"])


def confusion(model, split):
    """A picture of which growers are taken for which."""
    table = split[1]
    figure, axes = plt.subplots(figsize=(4, 3.5), layout="constrained")
    ConfusionMatrixDisplay.from_estimator(model, table.drop(columns="grower"), table["grower"], ax=axes, colorbar=False)
    return figure


def metrics(model, split):
    """How good it is on bottles that it has not seen."""
    table = split[1]
    features = table.drop(columns="grower")
    return {
        "accuracy": accuracy_score(table["grower"], model.predict(features)),
        "log loss": log_loss(table["grower"], model.predict_proba(features)),
        "importance": pd.Series(model.feature_importances_, features.columns).sort_values(ascending=False),
    }


pipeline = Pipeline(steps=[bottles, readings, split, model, confusion, metrics], name="wine", seed=7)

if __name__ == "__main__":
    run = pipeline.run()
    print(run.output["importance"])
    print(f"accuracy {run.output['accuracy']:.3f}")
