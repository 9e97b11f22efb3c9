"""What each key of `portfolio.yaml` means, for the page made from its schema."""

from collections.abc import Mapping
from typing import NamedTuple


class Note(NamedTuple):
    """`example` is a line that can be copied into a portfolio.yaml."""

    meaning: str
    example: str


# By key: what it means, and a line that can be copied
NOTES: Mapping[str, Note] = {
    "source": Note(
        "the database that holds the tables, as an Ibis URL (PostgreSQL, DuckDB, any "
        "other whose driver is installed), or a place in a bucket (`s3://`, `gs://`, "
        "`az://`) with files as they would lie here, or a lake (`delta:PLACE`, "
        "`iceberg:CATALOG/NAMESPACE`); see [scale.md](scale.md). "
        "`${NAME}` is an environment variable: write no password here. A relative "
        "DuckDB or SQLite file, or a relative place of a Delta lake, lies beside "
        "portfolio.yaml. Absent: the files beside portfolio.yaml",
        "source: postgresql://forbear:${DB_PASSWORD}@db.example.org/billing",
    ),
    "columns": Note(
        "by table and column of the contract: your own names, words, numbers and "
        "dates; see below. Absent: tables have the contract's",
        "columns: {payments: {amount: betrag, status: {paid: succeeded}}}",
    ),
    "name": Note("what the portfolio is called", "name: lumen-cloud"),
    "is_simulated": Note(
        "true where no customer is real; said wherever numbers are shown",
        "is_simulated: true",
    ),
    "currency": Note(
        "ISO 4217; of every amount that names no other",
        "currency: EUR",
    ),
    "rates": Note(
        "what one unit of another currency is worth in `currency`, 1e-9 to 1e9; a row "
        "in a currency without a rate is rejected",
        "rates: {USD: 0.92}",
    ),
    "timezone": Note(
        "IANA name; where a day begins and ends, so what a plain date means",
        "timezone: Europe/Brussels",
    ),
    "observed_until": Note(
        "how far the data observe, a moment or a plain date, or a map by table. "
        "Absent: `payments` to their latest `known_at`, the others to the "
        "latest of all tables. Without `--as-of` everyone is scored as of its "
        "earliest moment, or of the latest row where that is later",
        "observed_until: {payments: 2026-06-30, disputes: 2026-06-29T22:00:00Z}",
    ),
    "keys": Note(
        "`per_portfolio`: a number belongs to one customer, and one under two "
        "customers is rejected for both. `per_customer`: numbers are unique "
        "within a customer",
        "keys: per_customer",
    ),
    "none": Note(
        'by table, the day on which "we have none" was true. Lapses after 180 days. '
        "Takes a protection away: say it only where it is true",
        "none: {disputes: 2026-06-30}",
    ),
    "dismissed": Note(
        "`reject_id` of rejected rows that a person has looked at: they protect nobody "
        "any more",
        "dismissed: [0123456789abcdef]",
    ),
    "derive_links": Note(
        "find who shares an instrument, a device or an address from `payments` and"
        " `access`, where there is no table `links`. Masked values (`****4242`,"
        " `81.244.12.xxx`) link nobody, nor does what more than 100 customers and 5 %"
        " of them share. false: for a service that is sent one customer"
        " at a time and cannot know of others",
        "derive_links: false",
    ),
    "materiality": Note(
        "major units of `currency`; up to this overdue in all, itself included, nobody"
        " is overdue, whatever smaller amount a policy states",
        "materiality: 25",
    ),
    "settlement_days": Note(
        "days, by payment method: how long a pending payment counts as in flight. "
        "Absent: direct_debit 5, bank_transfer 3, cheque 10, others 0. A payment "
        "without a method counts for the longest of them",
        "settlement_days: {direct_debit: 7}",
    ),
    "attributes": Note(
        "extra columns, by name, that become features; see below",
        "attributes: {utilisation: {type: number, monotone: increasing}}",
    ),
    "exposure": Note(
        "money at stake where there are no invoices and no `ageing`: for each of the "
        "keys below a column of `customers` or a constant. Absent: unknown",
        "exposure: {open: loan_amount, clv: expected_profit}",
    ),
    "exposure.open": Note("unpaid now, major units", "exposure: {open: loan_amount}"),
    "exposure.run_up": Note(
        "what accrues until the policy's ordinary stop, major units",
        "exposure: {run_up: 0}",
    ),
    "exposure.clv": Note(
        "what the customer is worth if kept, major units",
        "exposure: {clv: expected_profit}",
    ),
    "defaults": Note(
        "where customers say nothing. What is not stated here either is assumed, and a "
        "stop that this could change waits for a person. May change without a new "
        "training",
        "defaults: {margin_share: 0.25, lifetime_months: 36}",
    ),
    "defaults.margin_share": Note(
        "share of the price that is margin, 0 to 1. Absent: 0.18, assumed",
        "defaults: {margin_share: 0.25}",
    ),
    "defaults.lifetime_months": Note(
        "months that a customer is expected to stay. Absent: 24, assumed",
        "defaults: {lifetime_months: 36}",
    ),
    "labels": Note("what training learns from", "labels: {fraud: {horizon_days: 60}}"),
    "labels.nonpayment": Note(
        "who counts as not having paid",
        "labels: {nonpayment: {days_past_due: 45}}",
    ),
    "labels.nonpayment.from": Note(
        "`events`: from what was owed and paid. `outcomes`: from that table",
        "labels: {nonpayment: {from: outcomes}}",
    ),
    "labels.nonpayment.days_past_due": Note(
        "days overdue that make it non-payment",
        "labels: {nonpayment: {days_past_due: 45}}",
    ),
    "labels.nonpayment.horizon_days": Note(
        "days after the snapshot in which it must happen",
        "labels: {nonpayment: {horizon_days: 60}}",
    ),
    "labels.nonpayment.posting_lag_days": Note(
        "days until a payment is in the books",
        "labels: {nonpayment: {posting_lag_days: 3}}",
    ),
    "labels.fraud": Note("who counts as fraud", "labels: {fraud: {maturity_days: 90}}"),
    "labels.fraud.horizon_days": Note(
        "days after the snapshot in which it must happen",
        "labels: {fraud: {horizon_days: 60}}",
    ),
    "labels.fraud.maturity_days": Note(
        "days after the horizon until all evidence of it is known: a number; by kind"
        " (`chargeback`, `confirmed`, `analyst`; 120 where not named), of which the"
        " longest in use counts; or `observed`: by the portfolio's own delays between"
        " `event_at` and `known_at`",
        "labels: {fraud: {maturity_days: observed}}",
    ),
    "labels.fraud.takeover_is_fraud": Note(
        "whether an `account_takeover` counts; its customer is a victim",
        "labels: {fraud: {takeover_is_fraud: true}}",
    ),
    "labels.fraud.recorded_from": Note(
        "since when fraud is recorded: earlier dates teach nothing about it. Absent: as"
        " long as everything else, or since the first sign where chance does not"
        " explain that there was none before",
        "labels: {fraud: {recorded_from: 2025-01-01}}",
    ),
    "snapshots": Note(
        "the moments that training looks at, where there is no table `snapshots`",
        "snapshots: {every: week}",
    ),
    "snapshots.every": Note("`month` or `week`", "snapshots: {every: week}"),
    "snapshots.warm_up_days": Note(
        "days after the first event before the first of them; after the first invoices"
        " where these begin later than that",
        "snapshots: {warm_up_days: 120}",
    ),
    "attributes.*.type": Note(
        "`number`, `money` (major units), `boolean` or `category`",
        "attributes: {utilisation: {type: number}}",
    ),
    "attributes.*.monotone": Note(
        "`increasing` or `decreasing`: the risk may only move that way",
        "attributes: {utilisation: {monotone: increasing}}",
    ),
    "attributes.*.family": Note(
        "the family of reasons that it belongs to",
        "attributes: {utilisation: {family: credit_use}}",
    ),
    "attributes.*.text": Note(
        "what people read",
        'attributes: {utilisation: {text: "share of the credit limit in use"}}',
    ),
    "attributes.*.from": Note(
        "the table that has the column",
        "attributes: {rating: {from: ageing}}",
    ),
    "attributes.*.unit": Note(
        "what the number counts",
        "attributes: {utilisation: {unit: share}}",
    ),
    "columns.*.*.from": Note(
        "the column's own name. A text alone says the same: `amount: betrag`",
        "columns: {invoices: {amount: {from: betrag}}}",
    ),
    "columns.*.*.value": Note(
        "the same value in every row, where the table has no such column",
        "columns: {payments: {status: {value: succeeded}}}",
    ),
    "columns.*.*.values": Note(
        "own words → the contract's; a word that is not listed stays, an empty text is "
        "a missing cell. A mapping of words alone says the same",
        "columns: {payments: {status: {from: state, values: {paid: succeeded}}}}",
    ),
    "columns.*.*.decimal": Note(
        "the decimal sign of numbers written as text, `.` or `,`",
        'columns: {invoices: {amount: {decimal: ","}}}',
    ),
    "columns.*.*.thousands": Note(
        "what separates groups of three digits: `.` `,` `'` `_` or a space",
        'columns: {invoices: {amount: {decimal: ",", thousands: "."}}}',
    ),
    "columns.*.*.format": Note(
        "how dates are written, of `YYYY MM DD hh mm ss`; for a column of times "
        "without zone a format without `hh` says that they are dates. ISO "
        "8601 is always read",
        "columns: {invoices: {due_at: {format: DD.MM.YYYY}}}",
    ),
    "columns.*.*.timezone": Note(
        "where times without an offset were written; they are an error otherwise. Of "
        "two equal clock times in autumn the first is meant",
        "columns: {invoices: {event_at: {timezone: Europe/Berlin}}}",
    ),
}
