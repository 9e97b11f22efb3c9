#!/bin/sh
# LightGBM 4.7.0: one row, given as an array and as a sparse matrix, gets two predictions.
#
# A good engineer reads a dumped tree as it is written: a row goes left where
# value <= threshold, and how its numbers arrived makes no difference. But a row that
# comes as an array first loses every value within 1.0000000180025095e-35 of 0 (the
# float32 nearest to 1e-35): it is compared as 0. A sparse matrix keeps the values it holds.
# And minus this very number is what training writes as the threshold between negative
# values and 0, where one would have expected -0.5 between -1 and 0.
# So whoever checks a tree that was written out in another language with a row on each
# threshold, which is the usual edge to test, finds one that the library does not follow.
# Turn such values into 0 before the comparison, as the library does; the positive twin
# of the threshold hides the mistake, for 0 lies on its left as well.
#
# Seen with Python 3.11 on 2026-11-28, threshold -1.0000000180025095e-35:
#   at it: read left, array right, sparse left
#   next float below: read left, array left, sparse left
#   next float above: read right, array right, sparse right
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    lightgbm==4.7.0 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'PYTHON'
import lightgbm as lgb
import numpy as np
from scipy.sparse import csr_matrix

balances = np.repeat(np.arange(-4.0, 5.0), 50).reshape(-1, 1)
is_credit = (balances[:, 0] < 0).astype(float)
parameters = {"num_leaves": 2, "learning_rate": 1.0, "num_threads": 1, "verbose": -1}
booster = lgb.train(parameters, lgb.Dataset(balances, is_credit), num_boost_round=1)
split = booster.dump_model()["tree_info"][0]["tree_structure"]
threshold = split["threshold"]
assert split["decision_type"] == "<=", "changed"
assert threshold == -float(np.float32(1e-35)), "changed"


def side(rows) -> str:
    [leaf] = booster.predict(rows, pred_leaf=True).ravel()
    return "left" if leaf == split["left_child"]["leaf_index"] else "right"


seen = []
for name, value in (
    ("at it", threshold),
    ("next float below", np.nextafter(threshold, -1.0)),
    ("next float above", np.nextafter(threshold, 1.0)),
):
    row = np.array([[value]])
    read = "left" if value <= threshold else "right"
    seen.append((read, side(row), side(csr_matrix(row))))
    print(f"{name}: read {read}, array {seen[-1][1]}, sparse {seen[-1][2]}")
assert seen == [
    ("left", "right", "left"),
    ("left", "left", "left"),
    ("right", "right", "right"),
], "changed"
PYTHON
