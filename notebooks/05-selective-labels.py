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
# # Selective labels
#
# Whoever is suspended shows no outcome. If training takes that for "was bad", the model
# learns what it did itself; each retraining stops more. If it leaves them out, it holds.
# And a few softer decisions, drawn by chance, are the only way to see whether it is
# right about those it would stop.
#
# The world here is **made up** (`benchmarks/selective_labels.py`): its true
# probabilities are known, so what is captured of the attainable saving is exact.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

root = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "data").is_dir())
sys.path.insert(0, str(root))
from benchmarks.selective_labels import HANDLINGS, cycles

runs = {
    handling: [list(cycles(handling, seed, 2_500)) for seed in range(3)]
    for handling in HANDLINGS
}

# %% [markdown]
# ## 1. Seven retrainings

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
colours = dict(zip(HANDLINGS, ("#9aa5b1", "#0b69a3", "#2f855a", "#c65d21")))
for handling, many in runs.items():
    number = [cycle.number for cycle in many[0]]
    captured = np.mean([[c.captured for c in run] for run in many], axis=0)
    stopped = np.mean([[c.stopped for c in run] for run in many], axis=0)
    left.plot(number, captured, "o-", color=colours[handling], label=handling)
    right.plot(number, stopped, "o-", color=colours[handling])
left.axhline(0.88, color="#9aa5b1", linestyle="--", linewidth=1)
left.set(xlabel="retraining", ylabel="captured of the attainable saving")
right.set(xlabel="retraining", ylabel="share of customers stopped")
left.legend(frameon=False, fontsize=8)
plt.show()
for handling, many in runs.items():
    last = [run[-1] for run in many]
    print(f"{handling:20} captured {np.mean([c.captured for c in last]):7.1%}, "
          f"true over predicted among the stopped {np.mean([c.ratio for c in last]):.2f}")

# %% [markdown]
# Leaving them out is a safe default; taking them for bad is the poison. Exploration
# costs a point or two, and is worth it for what follows.
#
# ## 2. What exploration is for
#
# Decisions of a policy are on record, and a new one is to be valued. The direct method
# trusts the model. Those who were treated more softly by chance say whether it may.

# %%
from backtest.offpolicy import LoggedDecisions, off_policy

rng = np.random.default_rng(0)
n, share = 40_000, 0.1
truth = 1 / (1 + np.exp(-rng.normal(-1.5, 1.5, n)))
label = (rng.random(n) < truth).astype(float)
rows = np.arange(n)


def costs_of(p):
    """Doing nothing costs 100 where it comes; a stop 40 where it does not, else 10."""
    cost = np.full((len(p), 6), 1_000.0)
    cost[:, 0], cost[:, 4] = 100 * p, 40 * (1 - p) + 10 * p
    return cost


def logged(bias):
    p = 1 / (1 + np.exp(-(np.log(truth / (1 - truth)) - bias)))
    greedy, new = np.where(p > 0.5, 4, 0), np.where(p > 0.4, 4, 0)
    explored = (greedy == 4) & (rng.random(n) < share)
    action = np.where(explored, 0, greedy)
    propensity = np.where(greedy == 4, np.where(explored, share, 1 - share), 1.0)
    supported = np.where(new == action, propensity, np.where(greedy == 4, 1 - propensity, 0.0))
    real = costs_of(label)[rows, action]
    return new, LoggedDecisions(
        rows, action, greedy, propensity, explored, new, supported, costs_of(p), real, p, label
    )


figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for place, (name, bias) in enumerate({"calibrated model": 0.0, "model too low": 1.0}.items()):
    new, decisions = logged(bias)
    report = off_policy(decisions)
    true = costs_of(truth)[rows, new].mean()
    for step, estimate in enumerate((report.direct, report.snips, report.doubly_robust)):
        x = place + 0.2 * (step - 1)
        error = [[estimate.value - estimate.low], [estimate.high - estimate.value]]
        axes.errorbar(x, estimate.value, yerr=error, fmt="o", color=("#0b69a3", "#c65d21", "#2f855a")[step], capsize=3)
    axes.plot([place - 0.35, place + 0.35], [true, true], color="#1f2933")
    check = report.check
    print(f"{name}: observed over expected among the explored {check.value:.2f} "
          f"[{check.low:.2f}, {check.high:.2f}]: the direct method "
          f"{'holds' if report.is_direct_valid else 'does not hold'}; unsupported {report.unsupported:.1%}, "
          f"effective decisions where the policies may differ {report.effective[1]:,.0f}")
axes.set_xticks([0, 1], ["calibrated model", "model too low"])
axes.set_ylabel("cost of the new policy a decision")
axes.set_title("direct (blue), SNIPS (orange), DR (green); the line is the truth", fontsize=9, loc="left")
plt.show()

last = {handling: np.mean([run[-1].captured for run in many]) for handling, many in runs.items()}
assert last["censored, explored"] > 0.88 > last["suspended = bad"]
