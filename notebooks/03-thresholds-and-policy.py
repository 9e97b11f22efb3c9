# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Thresholds and policy
#
# Nobody types in a threshold. What an action costs, what it recovers and what it risks
# stands in the policy; from it follows, for each customer, the probability at which an
# action begins to pay. This notebook looks at that on **real** customers
# (`data/samples/taiwan`): the same probability, different actions.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from IPython.display import SVG, display

root = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "data").is_dir())
home = Path(tempfile.mkdtemp())
os.environ["FORBEAR_HOME"] = str(home)

# %% [markdown]
# ## 1. A model, of every sixth customer

# %%
from decisions.policy_file.load import load_policy
from features.portfolio import Portfolio
from training.report.evaluation_report import evaluate

folder, part = root / "data/samples/taiwan", home / "taiwan"
part.mkdir()
ids = pq.read_table(folder / "customers.parquet")["customer_id"].to_pylist()
chosen = set(sorted(set(ids))[::6])
for file in folder.glob("*.parquet"):
    table = pq.read_table(file)
    keep = [one in chosen for one in table["customer_id"].to_pylist()]
    pq.write_table(table.filter(keep), part / file.name)
(part / "portfolio.yaml").write_text((folder / "portfolio.yaml").read_text())

taiwan = Portfolio.open(part)
policy = load_policy(folder / "policy.yaml")
[result] = evaluate(taiwan, ["nonpayment"], policy.latest)
found = result.evidence

# %% [markdown]
# ## 2. One probability, many thresholds
#
# Each point is a customer; its colour is the action that costs least. Were there one
# threshold, the colours would change along one vertical line. They change along curves:
# the more is at stake, the earlier an action pays.

# %%
from advice.advisor import Advisor
from advice.portfolio_run import advise_portfolio
from features.snapshots import latest_snapshots

advisor = Advisor({"nonpayment": found.bundle}, policy)
advised = advise_portfolio(advisor, taiwan, latest_snapshots(taiwan).slice(0, 2_000))
p = advised["p_nonpayment"].to_numpy()
stake = np.maximum(np.nan_to_num(advised["open"].to_numpy()), 10.0)
proposed = np.array(advised["proposed_action"].to_pylist(), dtype=object)
colours = {"none": "#9aa5b1", "remind": "#0b69a3", "review": "#7b5ea7",
           "service_request": "#d9a300", "suspend": "#c65d21", "block": "#8a1c1c"}
figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for action, colour in colours.items():
    own = proposed == action
    if own.any():
        axes.scatter(p[own], stake[own], s=7, color=colour, label=f"{action} ({own.sum():,})")
axes.set_yscale("log")
axes.set_xlabel("P(non-payment within 31 days)")
axes.set_ylabel("owed, TWD (log scale)")
axes.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# ## 3. The break-even of each customer
#
# The probability from which suspension would cost less than anything milder.

# %%
thresholds = [
    {t["action"]: t["probability"] for t in row}.get("suspend")
    for row in advised["thresholds_nonpayment"].to_pylist()
    if row
]
thresholds = [one for one in thresholds if one is not None]
figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
axes.hist(thresholds, bins=40, color="#0b69a3")
axes.set_xlabel("P(non-payment) from which suspension would pay")
axes.set_ylabel("customers")
plt.show()
print(f"of {len(thresholds):,} customers, from {min(thresholds):.0%} to {max(thresholds):.0%}")

# %% [markdown]
# ## 4. What that is worth
#
# On test rows, at the policy's costs, for what really came. The best single threshold
# was found on these very rows, so it is flattered; the plain timeline acts by days alone.

# %%
from training.report import figures

display(SVG(figures.captured(found).svg))
for way in found.savings.ways:
    print(f"{way.name:30} {way.captured.value:7.0%} of the ceiling  [{way.captured.low:.0%}, {way.captured.high:.0%}]")

# %% [markdown]
# ## 5. What costs least is not what is permitted
#
# The policy withholds what is not fair yet: a notice that must come first, a payment
# under way, a table nobody looked at. What is proposed and what is recommended:

# %%
for column in ("proposed_action", "action"):
    counts = advised[column].value_counts().to_pylist()
    print(f"{column:16}", {c["values"]: c["counts"] for c in counts})
withheld = pc.list_flatten(advised["withheld"])
codes = [one["code"] for one in withheld.to_pylist()]
for code in sorted(set(codes), key=codes.count, reverse=True)[:5]:
    print(f"  withheld {codes.count(code):5,} times: {code}")
assert min(thresholds) < max(thresholds)
