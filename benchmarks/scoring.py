"""One row through a bundle against the usual ways: `python -m benchmarks.scoring`.

Ratios matter, not microseconds: all ways take turns over the same rotating rows, one
thread each, and the median of the rounds is printed.
"""

from collections.abc import Callable
from statistics import median
from time import thread_time

import lightgbm
import numpy as np

from scoring.calibration import LogOddsMap
from scoring.trees import TreeModel

N_FEATURES, N_ROWS, N_ROUNDS, N_CALLS = 80, 20_000, 9, 300


def booster() -> tuple[lightgbm.Booster, np.typing.NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_ROWS, N_FEATURES))
    x[rng.random(x.shape) < 0.1] = np.nan
    label = np.nan_to_num(x[:, 0]) + rng.normal(size=N_ROWS) > 1.0
    parameters = {"objective": "binary", "num_leaves": 31, "verbosity": -1}
    parameters |= {"num_threads": 1}
    return lightgbm.train(parameters, lightgbm.Dataset(x, label), 300), x


def main() -> None:
    trained, x = booster()
    text = trained.model_to_string()
    model, calibration = TreeModel(text), LogOddsMap(0.1, 0.95)
    plain = lightgbm.Booster(model_str=text)

    def forbear(row: np.typing.NDArray[np.float64]) -> object:
        return calibration.probability(model.margin(row))

    ways: dict[str, Callable[[np.typing.NDArray[np.float64]], object]] = {
        "Forbear, one row, calibrated": forbear,
        "Booster.predict, 1 thread": lambda row: plain.predict(row, num_threads=1),
        "Forbear, contributions": model.explain,
        "Booster.predict, contributions": lambda row: plain.predict(
            row, pred_contrib=True, num_threads=1
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(N_ROUNDS):
        rows = [x[i : i + 1] for i in range(turn * N_CALLS, (turn + 1) * N_CALLS)]
        for name, way in ways.items():
            n = N_CALLS if "contributions" not in name else N_CALLS // 10
            started = thread_time()
            for row in rows[:n]:
                way(row)
            seconds[name].append((thread_time() - started) / n)
    base = median(seconds["Forbear, one row, calibrated"])
    for name, times in seconds.items():
        micro = 1e6 * median(times)
        print(f"{name:<32} {micro:8.1f} µs   {median(times) / base:6.2f} ×")


if __name__ == "__main__":
    main()
