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
# # Train and judge
#
# A number without its doubt is worth little. This notebook trains on **real** data
# (`data/samples/taiwan`, a part of its 30,000 card customers) and reads the judgement as
# a sceptic would: for whom does it hold, how sure is it, does the level fit, are groups
# treated alike? Then a small **simulated** portfolio shows what one moment cannot: how
# far a report flatters, and why the usual interval is too narrow for a later period.

# %%
import os
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from IPython.display import HTML, SVG, display

root = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "data").is_dir())
home = Path(tempfile.mkdtemp())
os.environ["FORBEAR_HOME"] = str(home)


def part_of(folder: Path, out: Path, every: int) -> Path:
    """Every so-manieth customer of a portfolio, as a portfolio of its own."""
    out.mkdir()
    ids = pq.read_table(folder / "customers.parquet")["customer_id"].to_pylist()
    chosen = set(sorted(set(ids))[::every])
    for file in folder.glob("*.parquet"):
        table = pq.read_table(file)
        keep = [one in chosen for one in table["customer_id"].to_pylist()]
        pq.write_table(table.filter(keep), out / file.name)
    (out / "portfolio.yaml").write_text((folder / "portfolio.yaml").read_text())
    return out


# %% [markdown]
# ## 1. What training makes of it, and what it says of itself
#
# Every sixth customer. One moment only, so other customers of the same moment judge the
# model: the report says so, and expects a later period in a wider interval than the
# bootstrap gives.

# %%
from decisions.policy_file.load import load_policy
from features.portfolio import Portfolio
from training.report.evaluation_report import evaluate, write_evaluation

taiwan = Portfolio.open(part_of(root / "data/samples/taiwan", home / "taiwan", 6))
policy = load_policy(root / "data/samples/taiwan/policy.yaml")
limit = taiwan.tables["customers"].select("customer_id", "credit_limit").to_pyarrow()
groups = {
    who: "limit above 150,000" if float(amount or 0) > 150_000 else "limit up to 150,000"
    for who, amount in zip(*(limit[c].to_pylist() for c in limit.column_names))
}
[result] = evaluate(
    taiwan, ["nonpayment"], policy.latest, protected={"limit": groups}
)
found = result.evidence

print(f"{found.bundle.learner}, {len(found.test):,} test rows, split: {found.learnt.split.kind}")
print(f"{'':24}{'value':>8}   {'bootstrap':^18}  {'later period':^18}")
for name, later in found.later.items():
    m = found.learnt.judgement.metrics[name]
    print(f"{name:24}{m.value:8.3f}   [{m.low:.3f}, {m.high:.3f}]     [{later.low:.3f}, {later.high:.3f}]")

# %% [markdown]
# ## 2. Do the probabilities mean what they say?

# %%
from training.report.sections import calibration, fairness

[figure, *_] = calibration(found).blocks
display(SVG(figure.svg))
print(figure.caption)

# %% [markdown]
# ## 3. What moves it
#
# Contributions are exact: with the base value they sum to the calibrated log-odds.

# %%
from training.report import figures

display(SVG(figures.contributions(found).svg))

# %% [markdown]
# ## 4. Groups side by side
#
# Here two halves by credit limit; in earnest a file of protected columns, which never
# become features. Whoever is flagged though nothing is wrong pays for the model's
# mistakes: that share should not depend on the group more than the risk does.

# %%
for block in fairness(found).blocks[1:]:
    if hasattr(block, "rows"):
        head = "".join(f"<th>{h}</th>" for h in block.head)
        body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in block.rows)
        display(HTML(f"<table><tr>{head}</tr>{body}</table>"))
    else:
        print(block.text)

# %% [markdown]
# ## 5. How far does a report flatter?
#
# A simulated portfolio of 500 customers has many moments. Training is rehearsed with
# what was known at an earlier one, the choice of the learner included; what its report
# would have stated stands beside what then came.

# %%
from scoring.starter import starter
from simulation.run import simulate
from training.rehearsal import rehearsed
from training.training_data import gather

made = simulate("calm", 500, 24, 5, home / "calm")
rows = gather(Portfolio.open(made.portfolio), ("nonpayment", "fraud")).rows["nonpayment"]
origins = list(rehearsed("nonpayment", rows, 0, starter("nonpayment"), 2))
for origin in origins:
    for name, reported in origin.reported.items():
        print(
            f"{name:24} reported {reported.value:.3f}, later period [{reported.low:.3f}, "
            f"{reported.high:.3f}], found {origin.found[name]:.3f}"
        )

# %% [markdown]
# ## 6. The report for the board
#
# One page with all of this and more; `forbear evaluate PORTFOLIO` writes it.

# %%
page, document = write_evaluation(found, home / "evaluation")
print(f"{page.name}: {page.stat().st_size / 1024:,.0f} kB, {document.name} for programs")
assert page.stat().st_size > 50_000
