"""Words that offices use where the contract has its own; for proposals only."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

TABLE_WORDS: Mapping[str, tuple[str, ...]] = {
    "customers": ("clients", "accounts", "kunden", "clientes", "customer"),
    "subscriptions": (
        "contracts",
        "abonnements",
        "abos",
        "assinaturas",
        "verträge",
        "contratos",
    ),
    "invoices": ("bills", "rechnungen", "factures", "faturas", "facturas", "invoice"),
    "payments": (
        "receipts",
        "zahlungen",
        "paiements",
        "pagamentos",
        "pagos",
        "payment",
    ),
    "disputes": ("chargebacks", "reklamationen", "litiges", "disputas", "reclamos"),
    "contacts": ("notices", "reminders", "mahnungen", "relances", "avisos", "dunning"),
    "holds": ("exemptions", "sperren_ausnahmen", "exceptions"),
    "usage": ("consumption", "verbrauch", "consommation", "consumo"),
    "access": ("sign_ins", "logins", "anmeldungen", "accesos"),
    "links": (),
    "alerts": ("alarms", "alarme", "alertes", "alertas"),
    "actions": ("suspensions", "sperrungen"),
    "ageing": ("aging", "aged_debtors", "altersstruktur"),
    "outcomes": ("labels", "results", "resultados"),
    "overrides": (),
    "snapshots": (),
}
# by column, or by table and column where a word means that only there
COLUMN_WORDS: Mapping[str, tuple[str, ...]] = {
    "customer_id": (
        "customer",
        "customer_no",
        "client",
        "client_id",
        "account",
        "account_id",
        "kunde",
        "kundennummer",
        "kunden_nr",
        "id_client",
        "cliente",
        "account_no",
        "account_number",
        "debtor_no",
        "client_no",
        "id_cliente",
        "cust_ref",
    ),
    "event_at": (
        "date",
        "datum",
        "created",
        "created_at",
        "timestamp",
        "data",
        "fecha",
        "momento",
    ),
    "customers.event_at": (
        "since",
        "customer_since",
        "kunde_seit",
        "client_depuis",
        "signup_date",
        "signed_up",
        "registered_at",
        "angelegt_am",
        "fecha_alta",
    ),
    "customers.subject_kind": ("legal_form", "customer_type", "rechtsform"),
    "customers.email_kind": ("mail_type", "email_type"),
    "customers.channel": ("acquisition", "sales_channel", "source"),
    "subscriptions.subscription_id": ("subscription", "sub_no", "contract_no", "id"),
    "subscriptions.event_at": ("changed_at", "started_at"),
    "subscriptions.kind": ("change", "event", "type"),
    "customers.customer_id": ("id", "number", "nummer"),
    "invoices.event_at": (
        "invoice_date",
        "issued_at",
        "issue_date",
        "issued",
        "issued_on",
        "rechnungsdatum",
        "date_facture",
        "fecha_emision",
        "fecha_factura",
    ),
    "payments.event_at": (
        "paid_at",
        "payment_date",
        "booked_at",
        "booking_date",
        "zahlungsdatum",
        "buchungsdatum",
        "date_paiement",
        "fecha_pago",
    ),
    "due_at": (
        "due",
        "due_date",
        "due_on",
        "payable_by",
        "fällig",
        "fällig_am",
        "fälligkeit",
        "faellig_am",
        "échéance",
        "date_echeance",
        "vencimento",
        "vencimiento",
        "fecha_vencimiento",
    ),
    "amount": (
        "betrag",
        "total",
        "sum",
        "net",
        "netto",
        "montant",
        "valor",
        "importe",
        "monto",
        "value",
    ),
    "invoice_id": (
        "invoice",
        "invoice_no",
        "invoice_number",
        "doc_no",
        "document_no",
        "rechnung",
        "rechnungsnummer",
        "rechnungs_nr",
        "facture",
        "fatura",
        "factura",
        "numero_factura",
    ),
    "invoices.invoice_id": ("number", "nummer", "id"),
    "invoices.kind": ("doc_type", "document_type", "type", "belegart", "tipo"),
    "applies_to": ("refers_to", "related_invoice", "bezug", "aplica_a"),
    "currency": ("ccy", "currency_code", "währung", "devise", "moeda", "moneda"),
    "payments.payment_id": (
        "payment",
        "payment_no",
        "id",
        "number",
        "beleg",
        "belegnummer",
        "transaction_id",
        "txn_id",
        "reference",
        "pago",
    ),
    "payment_id": ("txn_id", "transaction_id", "pago"),
    "instrument_id": ("instrument_token", "card_token", "mandate_id", "iban_hash"),
    "paid_by": ("payer", "payer_account", "payer_id", "pagado_por"),
    "refund_id": ("refund_no", "reembolso"),
    "disputes.dispute_id": ("id", "number", "case_id", "case_no", "reclamo"),
    "disputes.kind": ("case_type", "type"),
    "disputes.event_at": ("opened_at", "opened_on"),
    "disputes.status": ("case_state",),
    "alerts.alert_id": ("alert_no", "id", "number"),
    "alerts.event_at": ("raised_at",),
    "alerts.kind": ("alert_type", "type"),
    "contacts.event_at": ("sent_at", "sent_on"),
    "contacts.kind": ("what", "type"),
    "notice": ("letter",),
    "notice_id": ("letter_no",),
    "contacts.until": ("promised_until",),
    "outcomes.event_at": ("found_at",),
    "outcomes.kind": ("finding", "label", "result"),
    "usage.event_at": ("used_at", "usage_date", "usage_day"),
    "usage.cost": ("provider_cost", "provider_charge", "our_cost"),
    "status": ("state", "zustand", "estado"),
    "method": (
        "payment_method",
        "pay_method",
        "zahlungsart",
        "mode",
        "moyen",
        "medio",
        "medio_de_pago",
        "forma_de_pago",
    ),
    "country": ("land", "pays", "pais", "country_code", "nation"),
    "payment_terms_days": ("payment_terms", "terms_days", "zahlungsziel"),
    "segment": ("size", "segmento"),
}
# What a person has to answer before a proposal holds, by column or table and column,
# and by the name (or word in its cells) that may mean two things, as `plain_word`s.
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "amount": dict.fromkeys(
        ("total", "sum", "value", "betrag", "montant", "valor", "importe", "monto"),
        "is `{name}` in whole units of the currency and without recoverable tax?",
    ),
    "payments.event_at": dict.fromkeys(
        ("bookedat", "bookingdate", "buchungsdatum"),
        "is `{name}` when the customer paid? when you booked it belongs in known_at",
    ),
    "payments.invoice_id": dict.fromkeys(
        ("docno", "documentno"),
        "is `{name}` the invoice that was paid, or the payment's own number?",
    ),
    "subscriptions.event_at": dict.fromkeys(
        ("startedat",),
        "is `{name}` when each row happened, or when the contract began?",
    ),
    "disputes.event_at": dict.fromkeys(
        ("openedat", "openedon"),
        "is `{name}` when each row happened? the row of an ended dispute needs its end",
    ),
    "customers.channel": dict.fromkeys(
        ("source",), "is `{name}` how the customer came to you, or a system's name?"
    ),
    "method": {"sepa": "does SEPA in `{name}` mean direct debits or transfers?"},
    "usage.cost": dict.fromkeys(
        ("value", "amount"),
        "is `{name}` what the provider charges you, not your price?",
    ),
}
_MEANT: Mapping[str, tuple[str, ...]] = {
    "succeeded": (
        "paid",
        "success",
        "successful",
        "completed",
        "settled",
        "captured",
        "bezahlt",
        "eingegangen",
        "payé",
        "pagado",
        "ok",
    ),
    "failed": (
        "declined",
        "refused",
        "error",
        "rejected",
        "fehlgeschlagen",
        "échoué",
        "rechazado",
    ),
    "pending": ("open", "processing", "in_progress", "offen", "en_cours", "pendiente"),
    "returned": ("chargeback", "bounced", "reversed", "rücklastschrift", "rejeté"),
    "refunded": ("refund", "erstattet", "remboursé", "reembolsado"),
    "bank_transfer": (
        "transfer",
        "wire",
        "sct",
        "überweisung",
        "virement",
        "transferencia",
        "sepa_transfer",
    ),
    "direct_debit": (
        "debit",
        "sepa",
        "sdd",
        "lastschrift",
        "prélèvement",
        "sepa_debit",
    ),
    "card": (
        "cc",
        "credit_card",
        "kreditkarte",
        "carte",
        "tarjeta",
        "visa",
        "mastercard",
    ),
    "cheque": ("check", "scheck", "chèque"),
    "credit_note": ("credit", "cn", "gutschrift", "gs", "avoir", "nota_credito"),
    "invoice": ("rechnung", "re", "inv", "facture", "factura", "bill"),
    "write_off": ("writeoff", "wo", "abschreibung", "ausbuchung", "incobrable"),
    "natural_person": ("person", "private", "consumer", "privat", "particulier"),
    "legal_person": ("company", "business", "firma", "société", "gmbh"),
    "sole_trader": ("freelancer", "einzelunternehmer", "indépendant"),
}


def question_about(table: str, column: str, name: str, words: Iterable[str]) -> str:
    """What to ask where a name, or a word of a column, may mean two things; else empty.

    >>> question_about("payments", "method", "pay_method", ["CC", "SEPA"])
    'does SEPA in `pay_method` mean direct debits or transfers?'
    """
    asked = QUESTIONS.get(f"{table}.{column}") or QUESTIONS.get(column, {})
    said = (plain_word(word) for word in (name, *words))
    return next((asked[word].format(name=name) for word in said if word in asked), "")


def plain_word(text: str) -> str:
    """Lower case, without accents and signs: how two names are compared.

    >>> plain_word("Fällig am"), plain_word("Invoice-No.")
    ('falligam', 'invoiceno')
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", decomposed)


def meant_by(word: str, choices: tuple[str, ...]) -> str | None:
    """Which of the contract's choices an own word means; None where nobody knows.

    >>> meant_by("Paid", ("succeeded", "failed"))
    'succeeded'
    """
    plain = plain_word(word)
    for choice in choices:
        if plain in map(plain_word, (choice, *_MEANT.get(choice, ()))):
            return choice
    return None
