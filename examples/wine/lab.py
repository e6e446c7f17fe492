"""What the laboratory knows: what its tests cost, and how far its readings can be trusted."""

from pathlib import Path

import pandas as pd

COSTS = Path(__file__).parent / "costs.csv"


def affordable(budget: float) -> list[str]:
    """The tests to order: the cheapest first, as long as the budget lasts."""
    costs = pd.read_csv(COSTS).sort_values(["cost", "test"])
    return list(costs["test"][costs["cost"].cumsum() <= budget])


def trusted(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings with the instrument's outliers pulled in to three standard deviations."""
    middle, spread = readings.mean(), readings.std()
    return readings.clip(middle - 3 * spread, middle + 3 * spread, axis="columns")
