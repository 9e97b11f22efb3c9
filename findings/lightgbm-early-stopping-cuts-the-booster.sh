#!/bin/sh
# LightGBM 4.7.0: a booster that stopped early is cut, and predicts with fewer trees than
# it is asked for, without a word.
#
# lightgbm.train goes on for stopping_rounds after the best round, so a good engineer
# takes best_iteration for a default of predict: whoever wants the model at a number of
# rounds that other folds chose asks predict(num_iteration = n), and expects n trees
# where so many were fitted. But the booster that train returns holds the best rounds
# alone; the trees fitted after them are gone, a larger n uses what is left and raises
# nothing. So a fold that is judged "at the common number of rounds" is in truth judged
# at the number that was best on its own rows, and looks better than it is. With
# keep_training_booster = True all fitted trees stay.
#
# Seen with Python 3.11 on 2026-11-28 (the numbers of trees depend on the machine):
#   fitted more than kept: True | asked for more, used what is left: True | kept: True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lightgbm==4.7.0
"$folder/venv/bin/python" - <<'PYTHON'
import lightgbm as lgb
import numpy as np

random = np.random.default_rng(1)
x = random.normal(size=(4000, 5))
y = (x[:, 0] + random.normal(size=4000) > 0).astype(int)
parameters = {
    "objective": "binary", "num_threads": 1, "seed": 1, "deterministic": True,
    "verbosity": -1,
}


def fit(keep: bool) -> tuple[lgb.Booster, int]:
    rounds = []
    train = lgb.Dataset(x[:3000], y[:3000])
    booster = lgb.train(
        parameters, train, 500, valid_sets=[train.create_valid(x[3000:], y[3000:])],
        callbacks=[
            lgb.early_stopping(20, verbose=False),
            lambda state: rounds.append(state.iteration + 1),
        ],
        keep_training_booster=keep,
    )
    return booster, max(rounds)


booster, fitted = fit(keep=False)
kept = booster.num_trees()
same = np.array_equal(
    booster.predict(x, num_iteration=fitted), booster.predict(x, num_iteration=kept)
)
whole, fitted_whole = fit(keep=True)
print(
    f"fitted more than kept: {fitted > kept} | "
    f"asked for more, used what is left: {same} | "
    f"kept: {whole.num_trees() >= fitted_whole - 1}"
)
print(f"{fitted} rounds fitted, {kept} trees in the booster, best {booster.best_iteration}")
assert kept == booster.best_iteration < fitted, "changed"
assert same, "changed"
assert whole.num_trees() > kept, "changed"
PYTHON
