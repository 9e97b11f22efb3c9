"""What ledgers have in common: debts, what takes them away, and which takes which.

A source that is a ledger makes these tables from its own files, when it has read them,
and calls `make_parts`; the SQL beside this file does the rest.

- `client` (id, created_at, subject_kind, country, segment): a customer.
- `entry` (nr, id, kind, customer_id, amount, currency, event_at, known_at, due_at,
  method, of): one document; joins are by `nr`, a whole number, for texts are dear.
  Kinds: `invoice` is a debt; `payment`, `credit_note` and `write_off` take debts away,
  a `pending` payment may; `refund` gives money back; `return` says that the payment
  `of` never happened. A credit note is `of` an invoice. `of` is an id.
- `matched` (credit, debit, amount, credit_amount, matched_at): which of the entries
  took away how much of which (each a `nr`), in the currency of each, and since when.
- `seen` (id): every document in these files, also what is void; twice is no harm.
- `balance` (what, currency, amount): the ledger's own sums.
- `repeated` (n): how many rows of the files another one of them replaces.

It adds to `note` (kind, n, text) what it assumed or left out.
"""

from importing.ledger.parts import SQL, make_parts

__all__ = ["SQL", "make_parts"]
