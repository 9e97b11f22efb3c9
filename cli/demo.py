"""`forbear demo`: from two sample portfolios to a running service, explained."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.clock import now_us
from cli.demo_desk import desk_of_sample
from cli.output import begin, heading, say, show_table, steps
from features.counted import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from advice.advisor import Advisor
    from features.portfolio import Portfolio
    from training.train import TrainingResult

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
# floors on the real sample, 5-fold (benchmarks/quality.py); here: one held-out fifth
FLOORS = {"auc": (0.787, "at least"), "brier": (0.1334, "at most")}


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    port: Annotated[int, typer.Option(help="port to serve on", min=1)] = 8000,
    serve: Annotated[
        bool, typer.Option(envvar="SERVE", help="serve at the end, until Ctrl-C")
    ] = True,
) -> None:
    """Train on both samples, and open the desk.

    One customer is explained; the desk shows those for whom an action gains most.
    Everything is written under FORBEAR_HOME. SERVE=0 stops before serving.

    Example: forbear demo --no-serve
    """
    begin("two samples are read, trained on and scored: some minutes …")
    from scoring.shelf import forbear_home

    home = forbear_home()
    if not SAMPLES.is_dir():
        raise typer.BadParameter(f"{SAMPLES} is not there: run it from a clone")
    heading("1  A cloud reseller, simulated (data/samples/lumen)")
    say(
        "3,500 customers over two years of invoices, payments, usage, sign-ins, alerts."
    )
    say("Simulated, with more fraud than usual, so that both targets can be learned.\n")
    lumen, results = _trained("lumen", home)
    scored = home / "demo" / "lumen.parquet"
    advisor, advised = _scored("lumen", lumen, home, scored, None)
    heading("2  30,000 real card customers (data/samples/taiwan)")
    say("Six monthly ageing reports each, April to September 2005; did they pay in")
    say("October? No invoices; sex, age, marriage and education are left out.")
    say("Yeh and Lien (2009), CC BY 4.0.\n")
    taiwan, real = _trained("taiwan", home / "taiwan")
    _floors(real)
    policy = SAMPLES / "taiwan" / "policy.yaml"
    into = home / "demo" / "taiwan.parquet"
    _scored("taiwan", taiwan, home / "taiwan", into, policy)
    heading("3  One customer, explained")
    chosen = _most_to_gain(advised)
    _explain(advisor, lumen, chosen, home / "demo")
    heading("4  Ask the service")
    _ask(home, lumen, chosen, port)
    heading("5  Where to look next")
    _pointers(home, [*results, *real], port)
    if serve:
        desk_of_sample(lumen, advised, port, home / "demo" / "service.log")
    else:
        say("\nSERVE=0: stopped before serving; `forbear serve` goes on from here")


def _trained(name: str, home: Path) -> "tuple[Portfolio, list[TrainingResult]]":
    from cli.train import show_result
    from features.portfolio import Portfolio
    from training.train import train

    with steps("demo") as step:
        step("reading the portfolio")
        portfolio = Portfolio.open(SAMPLES / name, read_at=now_us())
        results = train(portfolio, progress=step, home=home)
    n_rows = sum(t.n_accepted for t in portfolio.report.tables)
    say(f"{counted(n_rows, 'row')} read, {portfolio.report.n_rejected:,} rejected\n")
    for result in results:
        show_result(result, home)
    return portfolio, results


def _floors(results: "list[TrainingResult]") -> None:
    """How the real sample compares with the floors of the benchmarks."""
    from scoring.metrics import expected_calibration_error

    for result in results:
        if result.learnt is None:
            continue
        judged = result.learnt.judgement
        ece = expected_calibration_error(judged.label, judged.p)
        rows: list[tuple[object, ...]] = [
            (name, judged.metrics[name].value, f"{word} {floor}")
            for name, (floor, word) in FLOORS.items()
        ]
        rows.append(("ece", ece, "at most 0.016"))
        show_table("Real data against the floors", ("measure", "here", "floor"), rows)
        say("The floors hold for five folds (benchmarks/quality.py); this is one fifth")
        say("that the model did not see, so it moves by chance.\n")


def _scored(
    name: str, portfolio: "Portfolio", home: Path, out: Path, policy: Path | None
) -> "tuple[Advisor, pa.Table]":
    """Everybody scored into a file; who advised, and what was said."""
    from advice.advised import AdvisedParts
    from cli.champions import advise, champions
    from cli.lists import write_list, writing
    from cli.score_summary import show_actions

    with steps("demo") as step:
        step("scoring everybody")
        advisor = champions(home, policy, SAMPLES / name)
        advised = advise(advisor, portfolio, None)
    with writing(out) as file:
        rows = AdvisedParts.of(advised)
        write_list(rows, file, out.suffix, portfolio.settings.zone)
    say(f"What the policy {advisor.policy.reference} says about everybody:")
    show_actions(rows)
    say(f"{counted(advised.num_rows, 'row')}: {out}")
    return advisor, advised


def _most_to_gain(advised: "pa.Table") -> dict[str, Any]:
    """Who gains most by an action that is permitted now and not carried out yet."""
    rows: list[dict[str, Any]] = advised.to_pylist()
    decided = [r for r in rows if r["action"] is not None]

    def gain(row: dict[str, Any]) -> float:
        done = row["in_force"] or row["action"] == "none"
        saved = row["expected_cost_none"] - row[f"expected_cost_{row['action']}"]
        return 0.0 if done else float(saved)

    return max(decided, key=gain)


def _explain(
    advisor: "Advisor", portfolio: "Portfolio", row: dict[str, Any], folder: Path
) -> None:
    """Print one customer's explanation; write its plot and the policy's page."""
    from wording.explanation import explain
    from wording.explanation.comparison import leading_target
    from wording.plots.cost_plot import cost_plot
    from wording.publication import publish

    advice = advisor.advise(
        portfolio.events(row["customer_id"]),
        row["as_of"],
        tables=portfolio.settings.tables,
        with_counterfactuals=True,
    )
    answer, policy = advice.recommendation, advisor.policy
    explanation = explain(advice.case, answer, policy, "en", advice.counterfactuals)
    (folder / "cost.svg").write_text(cost_plot(answer, policy, "en"), "utf-8")
    (folder / "policy.html").write_text(publish(policy, "en"), "utf-8")
    say(f"{row['customer_id']}, as of {row['as_of']:%Y-%m-%d %H:%M} UTC.\n")
    say("For the staff:\n")
    say(explanation.text("staff"))
    say("\nWhy the probability is above the usual (share of what raises the loss):")
    for reason in advice.reasons or ():
        say(f"  {reason.share:4.0%}  {reason.family}: {reason.lead.staff}")
    target = leading_target(answer)
    terms = policy.in_force(answer.at) or policy.latest
    rows = [
        (t.action, t.probability, row[f"expected_cost_{t.action}"])
        for t in answer.thresholds(terms.model).get(target, ())
    ]
    head = (
        "action",
        f"costs least from p({target})",
        f"{row['currency']} expected now",
    )
    show_table("\nThis customer's thresholds, derived from money:", head, rows)
    say("For the customer:\n")
    say(explanation.text("customer"))


def _ask(home: Path, portfolio: "Portfolio", row: dict[str, Any], port: int) -> None:
    """A request of one customer as a file, and the `curl` line that sends it."""
    import json

    from serving.request_rows import request_body
    from serving.settings import serving_settings
    from store.opening import open_key_store

    events = portfolio.events(row["customer_id"])
    body = request_body(events, row["as_of"], portfolio.settings)
    file = home / "demo" / "request.json"
    file.write_text(json.dumps(body, indent=1), encoding="utf-8")
    keys = open_key_store(*serving_settings().store)
    _, key = keys.create("demo")
    keys.close()
    say("The same customer through the API (the key is shown only now):\n")
    say(
        f"curl -s http://127.0.0.1:{port}/v1/score -H 'Authorization: Bearer {key}'"
        f" -H 'Content-Type: application/json' --data @{file}"
    )
    say(f"\nThe answer has the numbers of the row of {row['customer_id']} above, and a")
    say("decision_id; `forbear replay DECISION_ID` computes it again, bit for bit.")


def _pointers(home: Path, results: "list[TrainingResult]", port: int) -> None:
    """Where everything lies that the demo wrote."""
    from cli.train import card

    for result in results:
        file = card(result, home) or card(result, home / "taiwan")
        if file is not None:
            say(f"model card       {file}")
    say(f"scored customers {home / 'demo'}/*.parquet")
    say(
        f"every fit        mlflow ui --backend-store-uri sqlite:///{home}/mlflow/mlflow.db"
    )
    say(f"cost per action  {home / 'demo' / 'cost.svg'}")
    say(f"the policy       {home / 'demo' / 'policy.html'}, as customers read it")
    say("                 forbear policy show; forbear policy check FILE")
    say(f"the API          http://127.0.0.1:{port}/docs (while serving), docs/api.md")
