"""What the contract took up after its first version is listed, with its reason."""

import re
from pathlib import Path

from features.contract import TABLES
from features.contract_page import ADDED, contract_page
from features.reading.origin import Origin
from features.settings import PortfolioSettings
from features.settings_page import keys

ADRS = Path(__file__).parents[2] / "docs" / "adr"
EVERYWHERE = {"customer_id", "event_at", "known_at", "retracted"}
# the columns of the first version, beside those of every table
FIRST = {
    "customers": "created_at subject_kind segment country email_kind"
    " email_domain_age_days is_email_verified is_phone_verified is_tax_id_valid"
    " ip_country channel is_trial payment_terms_days is_auto_pay credit_limit"
    " expected_lifetime_months monthly_margin",
    "subscriptions": "subscription_id kind effective_at product billing quantity"
    " unit_price commitment_ends_at cancel_window_ends_at is_trial",
    "invoices": "invoice_id due_at amount kind applies_to subscription_id currency",
    "payments": "payment_id status amount method invoice_id failure_code instrument_id"
    " card_country card_funding refund_id paid_by currency",
    "disputes": "dispute_id kind status amount invoice_id payment_id currency",
    "usage": "cost subscription_id quantity",
    "access": "kind ip_id device_id country",
    "alerts": "alert_id kind severity confidence status resolved_reason",
    "contacts": "kind notice notice_id promise_id invoice_id subscription_id amount"
    " until result policy",
    "holds": "kind until reason by subscription_id amount",
    "actions": "action reason by subscription_id decision_id arm propensity",
    "ageing": "balance days_past_due paid credit_limit state",
    "outcomes": "kind source strength",
    "overrides": "action by reason until decision_id subscription_id",
    "snapshots": "",
}
FIRST_KEYS = {"name", "currency", "rates", "timezone", "observed_until", "keys", "none"}
FIRST_KEYS |= {"materiality", "settlement_days", "attributes", "exposure", "defaults"}
FIRST_KEYS |= {"labels", "snapshots"}


def test_tables_and_columns_that_were_added_are_listed() -> None:
    listed = {where for where, _, _ in ADDED}
    added = {name for name in TABLES if name not in FIRST} | {
        f"{name}.{column.name}"
        for name, table in TABLES.items()
        if name in FIRST
        for column in table.columns
        if column.name not in EVERYWHERE | set(FIRST[name].split())
    }
    assert added == listed & (set(TABLES) | added)


def test_keys_of_portfolio_yaml_that_were_added_are_listed() -> None:
    listed = {where for where, _, _ in ADDED}
    written = [key for key, _ in (*keys(Origin), *keys(PortfolioSettings))]
    added = {key for key in written if "." not in key} - FIRST_KEYS
    assert added <= listed
    unknown = listed - set(written) - set(TABLES) - {"actions.action"}
    assert not unknown


def test_each_names_a_decision_record_that_is_there() -> None:
    page = contract_page()
    for where, _, adr in ADDED:
        assert (ADRS / f"{adr}.md").is_file()
        [row] = re.findall(rf"^\| `{re.escape(where)}` \|.*", page, re.MULTILINE)
        assert f"(adr/{adr}.md)" in row
