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
# # From events to decisions
#
# The walk of an analyst: from a portfolio of billing events to features, to two
# calibrated probabilities, to a customer's own thresholds, to a recommended action.
# Nothing is computed here that the packages do not compute; the notebook only looks.
#
# The portfolio is `data/samples/lumen`: **simulated**, with a raised share of fraud so
# that both targets have something to learn from. Numbers on it prove that the machinery
# works, not that it would earn money at your company.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.compute as pc
from IPython.display import SVG, Markdown, display

root = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "data").is_dir())
home = Path(tempfile.mkdtemp())  # models and registry of this walk; yours is .forbear/
os.environ["FORBEAR_HOME"] = str(home)

# %% [markdown]
# ## 1. A portfolio
#
# A folder with one table per kind of event. Every row says when something happened
# (`event_at`) and when we could know it (`known_at`). Reading checks every row; bad
# rows are set aside with the rule they broke, good rows go on.

# %%
from features.portfolio import Portfolio

portfolio = Portfolio.open(root / "data" / "samples" / "lumen")
print(f"{portfolio.settings.name}, amounts in {portfolio.settings.currency}")
for name, table in portfolio.tables.items():
    if name in portfolio.settings.tables:
        print(f"  {name:14}{table.count().to_pyarrow().as_py():>9,} rows")
print("rejected:", portfolio.rejects or "none")

# %% [markdown]
# ## 2. What a customer owes, as of a moment
#
# Account facts come from the same events for the model and for the policy: contested,
# promised and in-flight money is never counted as actionable.

# %%
from features.account import account_facts
from features.moments import to_datetime
from features.snapshots import latest_snapshots, snapshots

latest = latest_snapshots(portfolio)
as_of = latest["as_of"][0].as_py()
print(f"{latest.num_rows:,} customers to score as of {to_datetime(as_of):%Y-%m-%d %H:%M} UTC")

owing = None
for events in portfolio.iter_events(latest["customer_id"].to_pylist()):
    facts = account_facts(events, as_of, portfolio.settings)
    if facts.days_overdue and 20 <= facts.days_overdue <= 50 and facts.notices:
        owing = facts
        break
if owing is not None:
    print(f"\ncustomer {owing.customer_id}: {owing.days_overdue} days overdue")
    for item in owing.items:
        print(f"  invoice {item.invoice_id}: {item.remainder / 1e4:,.2f} of {item.amount / 1e4:,.2f}, due {item.due_on}")
    print("  notices of this episode:", [(n.name, f"{n.sent_at:%Y-%m-%d}") for n in owing.notices])

# %% [markdown]
# ## 3. Features
#
# A feature is a value: a name, a table, a window, a unit, what missing means. One
# definition serves many snapshots (DuckDB) and one customer in the service (NumPy).

# %%
from features.batch import feature_table, matrix
from features.catalogue import feature_set
from features.online import OnlineCompiler

features = feature_set(portfolio.settings)
table = feature_table(portfolio, latest, features)
features = features.with_vocabularies(table)
print(f"{len(features.names)} features, for example:")
for feature in features.features[:8]:
    print(f"  {feature.name:40}{feature.unit:12}{feature.family}")

# %% [markdown]
# The two compilers agree, to the last bit:

# %%
online = OnlineCompiler(features, portfolio.settings)
row_of = dict(zip(table["customer_id"].to_pylist(), matrix(table, features), strict=True))
for events in portfolio.iter_events(latest["customer_id"].to_pylist()[:200]):
    one, many = online(events, as_of), row_of[events.customer_id]
    np.testing.assert_allclose(one, many, rtol=1e-9)
print("200 customers: batch and online agree")

# %% [markdown]
# ## 4. Labels
#
# What later happened, judged with what is known today; unknown is never "good". Whole
# dates enter training only when all their labels can be known.

# %%
from features.labels import labels

grid = snapshots(portfolio)
for target in ("nonpayment", "fraud"):
    label = labels(portfolio, grid, target)["label"]
    print(
        f"{target:11} {grid.num_rows:,} snapshots, {label.null_count:,} unknown, "
        f"rate {pc.mean(label).as_py():.2%}"
    )

# %% [markdown]
# ## 5. Models, judged on rows they never saw
#
# LightGBM against a regularised logistic and a one-line rule on lateness, split by
# time with an embargo; the better one is calibrated on later dates it had not seen.

# %%
from training.train import train

results = {result.target: result for result in train(portfolio, home=home)}
for target, result in results.items():
    judgement = result.learnt.judgement
    print(f"\n{target}: {judgement.learner}")
    for name in ("auc", "log_loss", "brier", "calibration_slope", "observed_over_expected"):
        if name in judgement.metrics:
            m = judgement.metrics[name]
            print(f"  {name:20}{m.value:8.4f}   [{m.low:.4f}, {m.high:.4f}]")
    for gate in judgement.gates:
        print(f"  {'passed' if gate.is_passed else 'FAILED'}: {gate.text}")

# %%
from training.plots import plots
from training.training_data import gather

rows = gather(portfolio, tuple(results)).rows
for target, result in results.items():
    customer = rows[target].customer[result.learnt.split.test]
    display(plots(result.learnt, customer, target)["calibration.png"])

# %% [markdown]
# ## 6. From probabilities to actions
#
# The policy knows what each action costs, what it recovers and what it risks. The
# **proposed** action costs least; the **recommended** one is the least costly that the
# policy permits now. Thresholds are derived from this customer's money, never typed in.

# %%
from advice.advisor import Advisor
from advice.portfolio_run import advise_portfolio
from decisions import default_policy

advisor = Advisor({t: r.bundle for t, r in results.items()}, default_policy())
scored = advise_portfolio(advisor, portfolio, latest)
for column in ("proposed_action", "action"):
    counts = scored[column].value_counts().to_pylist()
    print(column, {count["values"]: count["counts"] for count in counts})

# %% [markdown]
# One customer, the one with the most to lose by waiting:

# %%
gain = pc.subtract(scored["expected_cost_none"], scored["expected_cost_suspend"])
worst = scored.slice(pc.index(gain, pc.max(gain)).as_py(), 1).to_pylist()[0]
print(f"P(fraud) {worst['p_fraud']:.3f}   P(non-payment) {worst['p_nonpayment']:.3f}")
print(f"open {worst['open']:,.2f}   run-up {worst['run_up']:,.2f}   CLV {worst['clv']:,.2f}")
print(f"proposed {worst['proposed_action']}, recommended {worst['action']}")
for held in worst["withheld"]:
    print("  withheld:", held["sentence"])
for reason in worst["reasons"]:
    print("  because:", reason["staff"])

# %% [markdown]
# And in words and as a picture: the expected cost of each action over the probability,
# with this customer's point on it.

# %%
from advice.portfolio_run import advice_in
from wording.explanation import explain
from wording.plots.cost_plot import cost_plot

advice = advice_in(advisor, portfolio, worst["customer_id"], as_of)
assert advice.recommendation.action == worst["action"]
display(Markdown(explain(advice.case, advice.recommendation, advisor.policy, "en").text()))
display(SVG(cost_plot(advice.recommendation, advisor.policy, "en")))

# %% [markdown]
# The same question costs something else for everyone: a threshold is a property of a
# customer, not of a model.

# %%
break_even = [
    {t["action"]: t["probability"] for t in row}.get("suspend")
    for row in scored["thresholds_nonpayment"].to_pylist()
    if row
]
break_even = [p for p in break_even if p is not None]
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
axes.hist(break_even, bins=40, color="#0b69a3")
axes.set_xlabel("P(non-payment) from which suspension would pay, per customer")
axes.set_ylabel("customers")
axes.spines[["top", "right"]].set_visible(False)
plt.show()
