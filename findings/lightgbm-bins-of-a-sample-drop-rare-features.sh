#!/bin/sh
# LightGBM 4.7.0: bins taken from a sample of the rows, as a reference for all rows,
# silently drop every feature that is rare in the sample.
#
# A good engineer whose rows do not fit builds the bins from a random sample (LightGBM
# itself looks at bin_construct_sample_cnt = 200,000 rows for them) and makes the whole
# Dataset with that one as its reference. The bins are as good as before. But a feature
# of which fewer than min_data_in_leaf rows of the sample differ is thrown out with
# them (feature_pre_filter), for LightGBM takes the sample for all the data; with all
# rows handed over it takes the bound in proportion. A flag that 600 of 400,000 rows
# hold, nearly all of them bad, has no gain at all then, and nothing warns.
#
# Seen with Python 3.11 on 2026-11-29 (gain of the flag is above nought):
#   all rows: True | bins of 40,000 rows: False | the same without the filter: True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6 scipy==1.17.1
cat > "$folder/bins.py" <<'PYTHON'
import lightgbm as lgb
import numpy as np

draw = np.random.default_rng(1)
n = 400_000
x = draw.normal(size=(n, 3))
x[:, 0] = draw.random(n) < 600 / n
y = draw.random(n) < np.where(x[:, 0] == 1, 0.9, 0.02)
sample = draw.choice(n, 40_000, replace=False)
plain = {"objective": "binary", "min_data_in_leaf": 100, "num_threads": 1, "verbose": -1}


def has_gain(bins_of, **more):
    parameters = plain | more
    bins = lgb.Dataset(x[bins_of], y[bins_of], params=parameters).construct()
    rows = bins.create_valid(x, y) if bins_of is sample else bins
    trees = lgb.train(parameters, rows, 20)
    return bool(trees.feature_importance("gain")[0] > 0)


everything = np.arange(n)
print(has_gain(everything), has_gain(sample), has_gain(sample, feature_pre_filter=False))
PYTHON
set -- $("$folder/venv/bin/python" "$folder/bins.py")
echo "all rows: $1 | bins of 40,000 rows: $2 | the same without the filter: $3"
[ "$1 $2 $3" = "True False True" ] || { echo changed; exit 1; }
