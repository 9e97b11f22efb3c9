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
# # Labels and leaks
#
# Two things to look at before any model is trusted: what counts as not paying, and
# whether a column knows the outcome. Both are commands as well: `forbear labels audit`
# and `forbear audit leakage`. `lumen` is **simulated**, `taiwan` is real.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from features.portfolio import Portfolio
from training.audits.hindsight import hindsight
from training.audits.label_page import summary
from training.audits.labels import audit_labels
from training.audits.mutation import PLANTED, planted
from training.training_data import gather

root = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "data").is_dir())
lumen = Portfolio.open(root / "data" / "samples" / "lumen")
taiwan = Portfolio.open(root / "data" / "samples" / "taiwan")

# %% [markdown]
# ## 1. How late is lost?
#
# A definition should stand where most that reach it end in a loss, and as early as that
# allows. Each spell of arrears is followed for half a year.

# %%
labels = audit_labels(lumen)
print("\n".join(summary(labels)))
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, by_days in (
    ("end in a loss", labels.roll_to_loss),
    ("losses seen coming", labels.loss_caught),
):
    told = {n: s for n, s in by_days.items() if s}
    values = [s.value for s in told.values()]
    error = [[s.value - s.low for s in told.values()],
             [s.high - s.value for s in told.values()]]
    axes.errorbar(list(told), values, error, fmt="o-", capsize=3, label=name)
axes.axhline(0.7, color="grey", linestyle="--", linewidth=1)
axes.set(xlabel="days past due", ylabel="share (95 % interval)",
         title="Most who reach 60 days past due still pay")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 2. When is a label known?
#
# Fraud is known late, each kind of evidence in its own time. What is late has not
# arrived yet, so the curve is estimated in reversed time: counting what has arrived
# would say that everything arrives fast.

# %%
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for kind, (days, arrived) in labels.delays.items():
    axes.step(days, arrived, where="post", label=kind)
axes.set(xlabel="days from the event to its knowledge", ylabel="share known",
         title="A chargeback takes months", ylim=(0, 1.02))
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 3. A leak that no AUC shows
#
# Real customers. To their rows a list is added that a collections department might keep:
# half of those who will not pay stand on it, and 3 % of the others. It was written when
# the outcome was known, but its rows say otherwise.

# %%
rows = gather(taiwan, ("nonpayment",)).rows["nonpayment"]
print(f"{len(rows):,} customers, {rows.rate:.1%} did not pay")
leaky = planted(rows, "flag")
verdicts = {v.feature: v for v in hindsight("nonpayment", leaky)}
alone = {name: v.numbers["auc_alone"] for name, v in verdicts.items()}
strongest = sorted(alone, key=alone.get)[-12:]
colours = ["tab:orange" if verdicts[n].is_blocking else "tab:blue" for n in strongest]
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.barh(strongest, np.array([alone[n] for n in strongest]) - 0.5, left=0.5,
          color=colours)
axes.axvline(0.9, color="grey", linestyle="--", linewidth=1)
axes.set(xlabel="AUC of the feature alone", title="Nothing is too good to be true")
plt.show()

# %% [markdown]
# It stays far below 0.9. What gives it away is what it goes *with*: how late somebody is
# says almost as much, but among customers who paid it goes with everything else
# they did before. The list goes with nothing but the outcome.

# %%
print(verdicts[PLANTED].level, "—", verdicts[PLANTED].why)
assert [n for n, v in verdicts.items() if v.is_blocking] == [PLANTED]

# %% [markdown]
# Without it, nothing is suspected.

# %%
assert not any(v.is_blocking for v in hindsight("nonpayment", rows))
