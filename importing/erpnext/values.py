"""What ERPNext's words mean in the contract; from the options of its DocTypes."""

from importing.source import ValueMap

CUSTOMERS = {
    "Company": "legal_person",
    "Individual": "natural_person",
    "Partnership": "legal_person",
}
# what a journal entry is that takes from what a customer owes
PAYMENT, CREDIT_NOTE, WRITE_OFF = "payment", "credit_note", "write_off"
JOURNALS = {
    "Bank Entry": PAYMENT,
    "Cash Entry": PAYMENT,
    "Credit Card Entry": PAYMENT,
    "Contra Entry": PAYMENT,
    "Write Off Entry": WRITE_OFF,
    "Journal Entry": CREDIT_NOTE,
    "Credit Note": CREDIT_NOTE,
    "Debit Note": CREDIT_NOTE,
    "Opening Entry": CREDIT_NOTE,
    "Inter Company Journal Entry": CREDIT_NOTE,
    "Excise Entry": CREDIT_NOTE,
    "Depreciation Entry": CREDIT_NOTE,
    "Asset Disposal": CREDIT_NOTE,
    "Periodic Accounting Entry": CREDIT_NOTE,
    "Exchange Rate Revaluation": CREDIT_NOTE,
    "Exchange Gain Or Loss": CREDIT_NOTE,
    "Deferred Revenue": CREDIT_NOTE,
    "Deferred Expense": CREDIT_NOTE,
    "Reversal Of ITC": CREDIT_NOTE,
}
# what a row of the ledger belongs to; another document reduces a debt, or raises one
VOUCHERS = {
    "Sales Invoice": "invoice",
    "Payment Entry": "payment",
    "Journal Entry": "journal",
}

MAPS = (
    ValueMap(
        name="kind_of_voucher",
        view="row_of",
        column="voucher_type",
        meanings=VOUCHERS,
        protects=True,
    ),
    ValueMap(
        name="kind_of_customer",
        view="customer",
        column="customer_type",
        meanings=CUSTOMERS,
    ),
    ValueMap(
        name="journal_kind",
        view="journal_entry",
        column="voucher_type",
        meanings=JOURNALS,
        protects=True,
    ),
)
