"""What `benchmarks.serving` needs on disk: models, bodies, ready rows and a key.

Models of a usual size (300 trees of 15 leaves for each target) are fitted to the
`lumen` sample with the project's own recipe; whether they are good is no matter here.
"""

import asyncio
import json
from datetime import date
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import lightgbm
import mlflow
import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from features.events import Events
from features.moments import to_datetime
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from features.targets import Target
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.shelf import publish_bundle
from serving.events_request import EventsRequest, check_batch
from serving.request_rows import request_body
from store.events import EventBatch
from store.opening import open_event_store, open_key_store
from training.boosting import fit_rounds, recipe
from training.rows import Rows
from training.training_data import gather

LUMEN = Path(__file__).parents[1] / "data" / "samples" / "lumen"
TARGETS: tuple[Target, ...] = ("fraud", "nonpayment")
N_ROUNDS, N_LEAVES = 300, 15
N_BODIES, BODY_BYTES = 200, 40_000


def prepare(home: Path) -> Path:
    """The folder, filled unless it already is."""
    if (home / "rows.json").exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    portfolio = Portfolio.open(LUMEN)
    gathered = gather(portfolio, TARGETS)
    for target in TARGETS:
        bundle = _bundle(target, portfolio, gathered.rows[target])
        publish_bundle(bundle.save(home / "trained"), home, target)
    _others(home, gathered.rows["nonpayment"])
    keys = open_key_store(home)
    (home / "key").write_text(keys.create("benchmark")[1])
    keys.close()
    _write_bodies(home, portfolio, gathered.rows["nonpayment"])
    asyncio.run(store_events(home, portfolio))
    return home


def _bundle(target: Target, portfolio: Portfolio, rows: Rows) -> Bundle:
    parameters = {**recipe(rows, seed=0), "num_leaves": N_LEAVES}
    known = np.where(np.isnan(rows.x), 0.0, rows.x)
    middle = np.median(known, axis=0)
    typical = {
        feature.name: None if feature.is_category else float(middle[i])
        for i, feature in enumerate(rows.feature_set.features)
    }
    return Bundle(
        target=target,
        model=fit_rounds(rows, parameters, N_ROUNDS),
        calibration=LogOddsMap(0.0, 1.0),
        feature_set=rows.feature_set,
        settings=portfolio.settings,
        horizon_days=90,
        trained_on=date(2026, 6, 30),
        nonpayment_given_fraud=0.5,
        typical=typical,
        versions={"forbear": version("forbear")},
    )


def _others(home: Path, rows: Rows) -> None:
    """The same model for MLflow, and what a scikit-learn classifier is fitted to."""
    names = list(rows.feature_set.names)
    pd.DataFrame(rows.x, columns=names).assign(label=rows.label).to_parquet(
        home / "training.parquet"
    )
    parameters = {**recipe(rows, seed=0), "num_leaves": N_LEAVES}
    (home / "parameters.json").write_text(
        json.dumps({**parameters, "n_estimators": N_ROUNDS})
    )
    booster = lightgbm.Booster(model_str=fit_rounds(rows, parameters, N_ROUNDS).text)
    example = pd.DataFrame(rows.x[:100], columns=names)
    signature = mlflow.models.infer_signature(example)
    mlflow.lightgbm.save_model(booster, str(home / "mlflow"), signature=signature)


def bodies_of(portfolio: Portfolio) -> list[tuple[bytes, Events]]:
    """Requests about the customers whose bodies are nearest to 40 kB."""
    as_of = to_datetime(portfolio.observed_until)

    def body(events: Events) -> bytes:
        content = request_body(events, as_of, portfolio.settings)
        for row in chain.from_iterable(content["events"].values()):
            if row["known_at"] == row.get("event_at"):
                del row["known_at"]  # absent means the same
        return json.dumps(content).encode()

    made = [(body(e), e) for e in portfolio.iter_events(portfolio.customer_ids)]
    return sorted(made, key=lambda one: abs(len(one[0]) - BODY_BYTES))[:N_BODIES]


def _write_bodies(home: Path, portfolio: Portfolio, rows: Rows) -> None:
    """The bodies, and the features of their customers."""
    chosen = bodies_of(portfolio)
    (home / "bodies.ndjson").write_bytes(b"\n".join(text for text, _ in chosen))
    compiler = OnlineCompiler(rows.feature_set, portfolio.settings)
    names = rows.feature_set.names
    features = [
        {
            name: None if np.isnan(x) else float(x)
            for name, x in zip(
                names, compiler(e, portfolio.observed_until), strict=True
            )
        }
        for _, e in chosen
    ]
    (home / "rows.json").write_text(json.dumps(features))


async def store_events(home: Path, portfolio: Portfolio) -> None:
    """The same events in the store, every table vouched for, and who is asked about."""
    store = open_event_store(home)
    bodies = []
    for line in (home / "bodies.ndjson").read_bytes().splitlines():
        body = json.loads(line)
        request = EventsRequest(
            customer_id=body["customer_id"],
            events=body["events"],
            observed=dict.fromkeys(body["events"], body["as_of"]),
        )
        checked = check_batch(request, portfolio.settings)
        assert not checked.rejected
        batch = EventBatch(
            0, "benchmark", None, b"", "", checked.kept, checked.observed
        )
        await store.record(batch)
        bodies.append({name: body[name] for name in ("customer_id", "as_of")})
    store.close()
    (home / "stored.ndjson").write_text("\n".join(map(json.dumps, bodies)))
