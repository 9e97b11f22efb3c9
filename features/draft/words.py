"""Words that offices use where the contract has its own; for proposals only."""

import re
import unicodedata
from collections.abc import Mapping

TABLE_WORDS: Mapping[str, tuple[str, ...]] = {
    "customers": ("clients", "accounts", "kunden", "clientes", "customer"),
    "subscriptions": ("contracts", "abonnements", "abos", "assinaturas", "verträge"),
    "invoices": ("bills", "rechnungen", "factures", "faturas", "invoice"),
    "payments": ("receipts", "zahlungen", "paiements", "pagamentos", "payment"),
    "disputes": ("chargebacks", "reklamationen", "litiges", "disputas"),
    "contacts": ("notices", "reminders", "mahnungen", "relances", "dunning"),
    "holds": ("exemptions", "sperren_ausnahmen", "exceptions"),
    "usage": ("consumption", "verbrauch", "consommation", "consumo"),
    "access": ("sign_ins", "logins", "anmeldungen"),
    "links": (),
    "alerts": ("alarms", "alarme", "alertes", "alertas"),
    "actions": ("suspensions", "sperrungen"),
    "ageing": ("aging", "aged_debtors", "altersstruktur"),
    "outcomes": ("labels", "results"),
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
    ),
    "event_at": ("date", "datum", "created", "created_at", "timestamp", "data"),
    "customers.event_at": ("since", "customer_since", "kunde_seit", "client_depuis"),
    "customers.customer_id": ("id", "number", "nummer"),
    "invoices.event_at": (
        "invoice_date",
        "issued_at",
        "issue_date",
        "issued",
        "rechnungsdatum",
        "date_facture",
    ),
    "payments.event_at": (
        "paid_at",
        "payment_date",
        "zahlungsdatum",
        "buchungsdatum",
        "date_paiement",
    ),
    "due_at": (
        "due",
        "due_date",
        "due_on",
        "fällig",
        "fällig_am",
        "fälligkeit",
        "faellig_am",
        "échéance",
        "date_echeance",
        "vencimento",
    ),
    "amount": ("betrag", "total", "sum", "net", "netto", "montant", "valor", "value"),
    "invoice_id": (
        "invoice",
        "invoice_no",
        "invoice_number",
        "rechnung",
        "rechnungsnummer",
        "rechnungs_nr",
        "facture",
        "fatura",
    ),
    "invoices.invoice_id": ("number", "nummer", "id"),
    "payments.payment_id": (
        "payment",
        "payment_no",
        "id",
        "number",
        "beleg",
        "belegnummer",
        "transaction_id",
        "reference",
    ),
    "disputes.dispute_id": ("id", "number", "case_id"),
    "status": ("state", "zustand"),
    "method": ("payment_method", "zahlungsart", "mode", "moyen"),
    "country": ("land", "pays", "country_code"),
    "segment": ("size", "segmento"),
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
        "ok",
    ),
    "failed": ("declined", "error", "rejected", "fehlgeschlagen", "échoué"),
    "pending": ("open", "processing", "in_progress", "offen", "en_cours"),
    "returned": ("chargeback", "bounced", "reversed", "rücklastschrift", "rejeté"),
    "refunded": ("refund", "erstattet", "remboursé"),
    "bank_transfer": ("transfer", "wire", "überweisung", "virement", "sepa_transfer"),
    "direct_debit": ("debit", "sepa", "lastschrift", "prélèvement", "sepa_debit"),
    "card": ("credit_card", "kreditkarte", "carte", "visa", "mastercard"),
    "cheque": ("check", "scheck", "chèque"),
    "credit_note": ("credit", "gutschrift", "avoir"),
    "invoice": ("rechnung", "facture", "bill"),
    "write_off": ("writeoff", "abschreibung"),
    "natural_person": ("person", "private", "consumer", "privat", "particulier"),
    "legal_person": ("company", "business", "firma", "société", "gmbh"),
    "sole_trader": ("freelancer", "einzelunternehmer", "indépendant"),
}


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
