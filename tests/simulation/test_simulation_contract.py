"""Everything the portfolio contract says that can be seen in the tables alone."""

from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from simulation import SimulationSummary
from simulation.tables import MOMENT, MONEY, SCHEMAS

KEYS = {
    "customers": ("customer_id", "event_at"),
    "subscriptions": ("subscription_id", "kind", "event_at"),
    "invoices": ("invoice_id", "kind"),
    "payments": ("payment_id", "status", "refund_id"),
    "disputes": ("dispute_id", "status"),
    "usage": ("customer_id", "subscription_id", "event_at"),
    "access": ("customer_id", "kind", "event_at", "ip_id", "device_id"),
    "alerts": ("alert_id", "status"),
    "contacts": ("customer_id", "kind", "event_at", "coalesce(promise_id, notice_id)"),
    "holds": ("customer_id", "kind", "event_at", "subscription_id"),
    "actions": ("customer_id", "action", "event_at", "subscription_id"),
    "outcomes": ("customer_id", "kind", "event_at", "source"),
}
REQUIRED = {
    "customers": (),
    "subscriptions": ("subscription_id", "kind"),
    "invoices": ("invoice_id", "amount"),
    "payments": ("payment_id", "status", "amount"),
    "disputes": ("dispute_id", "kind", "status"),
    "usage": ("cost",),
    "access": ("kind",),
    "alerts": ("alert_id", "kind"),
    "contacts": ("kind",),
    "holds": ("kind",),
    "actions": ("action",),
    "outcomes": ("kind",),
}
ACTIONS = {"none", "remind", "review", "service_request", "suspend", "block"}
LEVELS = {"low", "medium", "high"}
CLOSED = {
    ("customers", "subject_kind"): {"natural_person", "sole_trader", "legal_person"},
    ("customers", "email_kind"): {"corporate", "free", "disposable"},
    ("subscriptions", "kind"): {
        "started",
        "quantity_changed",
        "renewed",
        "cancelled",
        "ended",
    },
    ("subscriptions", "billing"): {"license", "usage"},
    ("invoices", "kind"): {"invoice", "credit_note", "write_off"},
    ("payments", "status"): {"pending", "succeeded", "failed", "returned", "refunded"},
    ("payments", "method"): {
        "card",
        "direct_debit",
        "bank_transfer",
        "wallet",
        "cheque",
        "other",
    },
    ("payments", "card_funding"): {"credit", "debit", "prepaid"},
    ("payments", "failure_code"): {
        "insufficient_funds",
        "expired_card",
        "lost_or_stolen",
        "do_not_honor",
        "invalid_account",
    },
    ("disputes", "kind"): {"billing", "chargeback_fraud", "chargeback_other"},
    ("disputes", "status"): {"opened", "won", "lost", "withdrawn"},
    ("access", "kind"): {
        "sign_up",
        "sign_in",
        "password_reset",
        "admin_added",
        "role_changed",
        "quota_requested",
    },
    ("alerts", "status"): {"active", "investigating", "resolved"},
    ("alerts", "confidence"): LEVELS,
    ("alerts", "resolved_reason"): {"fraud", "legitimate", "ignore"},
    ("contacts", "kind"): {
        "notice_sent",
        "notice_delivered",
        "notice_bounced",
        "replied",
        "promise_made",
        "promise_kept",
        "promise_broken",
        "appeal_opened",
        "appeal_closed",
    },
    ("holds", "kind"): {"exemption", "instalment_plan", "legal", "manual"},
    ("actions", "action"): ACTIONS | {"reactivate"},
    ("actions", "reason"): {"fraud", "nonpayment", "manual"},
    ("actions", "by"): {"automation", "person"},
    ("actions", "arm"): {"greedy", "explore", "holdout"},
    ("outcomes", "kind"): {
        "fraud",
        "fraud_cleared",
        "account_takeover",
        "nonpayment",
        "written_off",
    },
    ("outcomes", "strength"): {
        "confirmed",
        "analyst",
        "chargeback",
        "warning",
        "weak",
    },
}


def read(portfolio: SimulationSummary, table: str) -> pa.Table:
    return pq.read_table(portfolio.portfolio / f"{table}.parquet")


def ask(portfolio: SimulationSummary, question: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for table in SCHEMAS:
            path = portfolio.portfolio / f"{table}.parquet"
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{path}'")  # noqa: S608
        return connection.execute(question).fetchall()


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_and_types_are_the_contracts(
    portfolio: SimulationSummary, table: str
) -> None:
    schema = read(portfolio, table).schema
    assert schema.names == SCHEMAS[table].names
    assert schema.types == SCHEMAS[table].types
    assert schema.field("event_at").type == MOMENT
    assert all(
        f.type == MONEY
        for f in schema
        if f.name in {"amount", "cost", "unit_price", "credit_limit", "monthly_margin"}
    )


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_table_has_rows_known_in_time(
    portfolio: SimulationSummary, table: str
) -> None:
    start, end = (
        datetime(2024, 6, 30, 22, tzinfo=UTC),
        datetime(2025, 3, 31, 22, tzinfo=UTC),
    )
    rows = read(portfolio, table)
    assert portfolio.rows[table] == len(rows) > 0
    question = f"""SELECT min(event_at) >= TIMESTAMPTZ '{start}',
        max(known_at) <= TIMESTAMPTZ '{end}',
        min(known_at - event_at) >= INTERVAL 0 SECOND,
        bool_and(customer_id IS NOT NULL) FROM {table}"""  # noqa: S608
    assert ask(portfolio, question) == [(True, True, True, True)]


@pytest.mark.parametrize("table", SCHEMAS)
def test_row_keys_repeat_only_for_corrections(
    portfolio: SimulationSummary, table: str
) -> None:
    keys = ", ".join(KEYS[table])
    question = f"""SELECT count(*), sum(n), count(*) FILTER (n > moments) FROM (
        SELECT count(*) AS n, count(DISTINCT known_at) AS moments
        FROM {table} GROUP BY {keys} HAVING n > 1)"""  # noqa: S608
    [(repeated, _, same_moment)] = ask(portfolio, question)
    assert same_moment == 0
    assert repeated == 0 or table == "usage"


@pytest.mark.parametrize("table", SCHEMAS)
def test_required_columns_are_never_missing(
    portfolio: SimulationSummary, table: str
) -> None:
    rows = read(portfolio, table)
    for column in REQUIRED[table]:
        assert rows[column].null_count == 0, column


@pytest.mark.parametrize(("table", "column"), CLOSED)
def test_closed_lists(portfolio: SimulationSummary, table: str, column: str) -> None:
    values = set(read(portfolio, table)[column].drop_null().unique().to_pylist())
    assert values
    assert values <= CLOSED[table, column]


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("SELECT min(amount) > 0 FROM invoices", id="invoices"),
        pytest.param("SELECT min(amount) > 0 FROM payments", id="payments"),
        pytest.param("SELECT min(cost) >= 0 FROM usage", id="usage"),
        pytest.param("SELECT min(amount) > 0 FROM disputes", id="disputes"),
        pytest.param(
            "SELECT min(propensity) > 0 AND max(propensity) <= 1 FROM actions",
            id="propensities",
        ),
    ],
)
def test_numbers_are_in_range(portfolio: SimulationSummary, question: str) -> None:
    assert ask(portfolio, question) == [(True,)]


@pytest.mark.parametrize(
    "strays",
    [
        pytest.param(
            """SELECT * FROM invoices WHERE kind <> 'invoice' AND applies_to NOT IN
            (SELECT invoice_id FROM invoices WHERE kind = 'invoice')""",
            id="what reduces an invoice names one",
        ),
        pytest.param(
            "SELECT * FROM invoices WHERE kind = 'invoice' AND due_at < event_at",
            id="invoices fall due after they are issued",
        ),
        pytest.param(
            """SELECT * FROM payments WHERE invoice_id IS NOT NULL AND invoice_id NOT IN
            (SELECT invoice_id FROM invoices)
            AND event_at < TIMESTAMPTZ '2025-03-25'""",
            id="payments name known invoices",
        ),
        pytest.param(
            """SELECT p.* FROM payments p JOIN invoices i USING (invoice_id)
            WHERE p.event_at < i.event_at""",
            id="nobody pays before the invoice",
        ),
        pytest.param(
            """SELECT * FROM disputes d WHERE kind = 'chargeback_fraud' AND NOT EXISTS
            (FROM payments p WHERE p.payment_id = d.payment_id
             AND p.status = 'succeeded' AND p.event_at < d.event_at)""",
            id="a chargeback takes back a payment made before",
        ),
        pytest.param(
            """SELECT * FROM disputes e WHERE status <> 'opened' AND NOT EXISTS
            (FROM disputes o WHERE o.dispute_id = e.dispute_id
             AND o.status = 'opened' AND o.event_at < e.event_at)""",
            id="a dispute is opened before it ends",
        ),
        pytest.param(
            """SELECT * FROM contacts e WHERE kind IN ('promise_kept', 'promise_broken')
            AND NOT EXISTS (FROM contacts m WHERE m.promise_id = e.promise_id
             AND m.kind = 'promise_made' AND m.event_at < e.event_at)""",
            id="a promise is made before it is kept or broken",
        ),
        pytest.param(
            """SELECT * FROM contacts e
            WHERE kind IN ('notice_delivered', 'notice_bounced') AND NOT EXISTS
            (FROM contacts s WHERE s.notice_id = e.notice_id
             AND s.kind = 'notice_sent' AND s.event_at < e.event_at)""",
            id="a notice is sent before it arrives",
        ),
        pytest.param(
            """SELECT * FROM payments r WHERE status IN ('returned', 'refunded')
            AND NOT EXISTS (FROM payments s WHERE s.payment_id = r.payment_id
             AND s.status = 'succeeded' AND s.event_at < r.event_at)""",
            id="what comes back was paid before",
        ),
        pytest.param(
            """SELECT * FROM subscriptions s WHERE kind <> 'started' AND NOT EXISTS
            (FROM subscriptions b WHERE b.subscription_id = s.subscription_id
             AND b.kind = 'started' AND b.event_at < s.event_at)""",
            id="subscriptions begin with their start",
        ),
        pytest.param(
            """SELECT * FROM usage u WHERE NOT EXISTS (FROM subscriptions s
            WHERE s.subscription_id = u.subscription_id AND s.billing = 'usage')""",
            id="usage has a metered subscription",
        ),
        pytest.param(
            """SELECT * FROM actions r WHERE action = 'reactivate' AND NOT EXISTS
            (FROM actions s WHERE s.customer_id = r.customer_id
             AND s.action = 'suspend' AND s.event_at < r.event_at)""",
            id="access comes back only after it was taken",
        ),
        pytest.param(
            """SELECT * FROM outcomes c WHERE kind = 'fraud_cleared' AND NOT EXISTS
            (FROM outcomes f WHERE f.customer_id = c.customer_id
             AND f.kind = 'fraud' AND f.event_at < c.event_at)""",
            id="only the suspected are cleared",
        ),
    ],
)
def test_rows_agree_with_each_other(portfolio: SimulationSummary, strays: str) -> None:
    assert ask(portfolio, f"SELECT count(*) FROM ({strays})") == [(0,)]  # noqa: S608


@pytest.mark.parametrize("table", [t for t in SCHEMAS if t != "customers"])
def test_nothing_happens_before_a_customer_is_known(
    portfolio: SimulationSummary, table: str
) -> None:
    question = f"""SELECT count(*) FROM {table} e LEFT JOIN
        (SELECT customer_id, min(known_at) AS since FROM customers GROUP BY 1) c
        USING (customer_id) WHERE since IS NULL OR e.event_at < since"""  # noqa: S608
    assert ask(portfolio, question) == [(0,)]


def test_late_knowledge_and_corrections_exist(portfolio: SimulationSummary) -> None:
    [(posted_late, corrected)] = ask(
        portfolio,
        """SELECT (SELECT count(*) FROM payments WHERE known_at > event_at),
        (SELECT count(*) FROM (SELECT 1 FROM usage
         GROUP BY customer_id, subscription_id, event_at HAVING count(*) > 1))""",
    )
    assert isinstance(posted_late, int)
    assert isinstance(corrected, int)
    assert posted_late > 100
    assert corrected > 10


def test_settings_say_how_far_the_data_observe(portfolio: SimulationSummary) -> None:
    settings = yaml.safe_load((portfolio.portfolio / "portfolio.yaml").read_text())
    assert settings["observed_until"] == datetime(2025, 3, 31, 22, tzinfo=UTC)
    assert settings["labels"]["nonpayment"]["days_past_due"] == 60
    assert settings["currency"] == "EUR"


def test_the_truth_lies_beside_the_portfolio(portfolio: SimulationSummary) -> None:
    assert portfolio.oracle.parent == portfolio.portfolio.parent
    inside = {path.name for path in portfolio.portfolio.iterdir()}
    assert inside == {f"{table}.parquet" for table in SCHEMAS} | {"portfolio.yaml"}
    assert {p.name for p in portfolio.oracle.iterdir()} == {
        "people.parquet",
        "months.parquet",
    }
