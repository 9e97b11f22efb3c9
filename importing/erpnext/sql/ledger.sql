-- Days and moments of the site are local; a plain date is over when its day is.
SET VARIABLE timezone = (SELECT timezone FROM setting);
CREATE MACRO moment_of(clock) AS timezone(getvariable('timezone'), clock::TIMESTAMP);
CREATE MACRO end_of_day(day) AS moment_of(day + INTERVAL 1 DAY) - INTERVAL 1 MICROSECOND;
CREATE MACRO method_of(mode) AS CASE
    WHEN mode IN ('Wire Transfer', 'Bank Transfer', 'Bank') THEN 'bank_transfer'
    WHEN mode IN ('Credit Card', 'Debit Card') THEN 'card'
    WHEN mode IN ('Cheque', 'Bank Draft') THEN 'cheque'
    WHEN mode IS NOT NULL THEN 'other' END;

CREATE TABLE client AS
    SELECT name AS id, moment_of(creation) AS created_at, kind_of_customer(customer_type) AS subject_kind,
           NULL::VARCHAR AS country, customer_group AS segment
    FROM customer;

-- What customers owe, by document and by what it is against. A document is known since
-- its rows were written, and may bear an earlier day, or a later one.
CREATE TABLE row_of AS
    SELECT p.*, upper(p.account_currency) AS currency, p.amount_in_account_currency AS amount,
           greatest(moment_of(p.creation), CASE WHEN p.creation::DATE < p.posting_date THEN end_of_day(p.posting_date) END) AS written_at,
           p.against_voucher_no IS NOT DISTINCT FROM p.voucher_no OR p.against_voucher_no IS NULL AS is_own
    FROM payment_ledger_entry AS p
    WHERE p.party_type = 'Customer' AND coalesce(p.account_type, 'Receivable') = 'Receivable'
      AND NOT coalesce(p.delinked, false) AND coalesce(p.docstatus, 1) <> 2;

CREATE TABLE against AS
    WITH s AS (
        SELECT r.voucher_type, r.voucher_no, r.party, r.currency, r.posting_date, r.amount, r.written_at, r.due_date,
               CASE WHEN r.is_own THEN NULL ELSE r.against_voucher_no END AS other,
               coalesce(i.is_pos AND r.is_own AND r.amount < 0 AND NOT i.is_return, false) AS is_paid_at_once
        FROM row_of AS r LEFT JOIN sales_invoice AS i ON i.name = r.voucher_no AND r.voucher_type = 'Sales Invoice'
    )
    SELECT voucher_type, voucher_no, party, currency, other, is_paid_at_once, sum(amount) AS amount,
           min(posting_date) AS day, min(written_at) AS written_at, max(due_date) AS due_date
    FROM s GROUP BY ALL HAVING sum(amount) <> 0;

-- A journal entry whose rows of one customer come to nothing moves money between that
-- customer's documents; so does a payment that takes a credit note along.
CREATE TABLE mixed AS
    SELECT voucher_type, voucher_no, party, currency, sum(amount) AS amount,
           count(*) FILTER (WHERE amount > 0) = 1 AND count(*) FILTER (WHERE amount < 0) = 1 AS is_pair
    FROM against WHERE voucher_type <> 'Sales Invoice'
    GROUP BY ALL HAVING count(DISTINCT sign(amount)) = 2;

CREATE TABLE document AS
    WITH d AS (
        SELECT a.voucher_type, a.voucher_no, a.party, a.currency, a.day, a.is_paid_at_once, a.written_at, a.due_date,
               -- a row each of what a journal says, else all rows of the document
               CASE WHEN a.voucher_type = 'Journal Entry' THEN a.other END AS other, a.amount
        FROM against AS a
        WHERE (a.voucher_no, a.party) NOT IN (SELECT (voucher_no, party) FROM mixed)
        UNION ALL
        SELECT a.voucher_type, a.voucher_no, a.party, a.currency, a.day, false, a.written_at, NULL, NULL, a.amount
        FROM against AS a JOIN mixed AS m USING (voucher_no, party, currency)
        WHERE m.amount <> 0
    ), whole AS (
        SELECT voucher_type, voucher_no, party, currency, is_paid_at_once, other, min(day) AS day,
               min(written_at) AS written_at, max(due_date) AS due_date, sum(amount) AS amount
        FROM d GROUP BY ALL HAVING sum(amount) <> 0
    )
    SELECT *, voucher_no || CASE WHEN is_paid_at_once THEN ':paid' ELSE '' END || coalesce(':' || other, '')
               || CASE WHEN min(party) OVER same <> max(party) OVER same THEN ':' || party ELSE '' END AS id
    FROM whole WINDOW same AS (PARTITION BY voucher_no);

CREATE TABLE entry AS
    SELECT row_number() OVER () AS nr, d.id, d.voucher_type, d.voucher_no, d.other, j.voucher_type AS journal,
           CASE WHEN d.is_paid_at_once THEN 'payment'
                WHEN d.amount < 0 THEN CASE d.voucher_type
                    WHEN 'Payment Entry' THEN 'payment'
                    WHEN 'Journal Entry' THEN CASE
                        WHEN journal_kind(j.voucher_type) IN ('payment', 'write_off') THEN journal_kind(j.voucher_type)
                        ELSE 'credit_note' END
                    ELSE 'credit_note' END
                WHEN back.id IS NOT NULL THEN 'return'
                WHEN d.voucher_type = 'Payment Entry' OR (journal_kind(j.voucher_type) = 'payment' AND d.other IS NOT NULL
                     AND d.other NOT IN (SELECT name FROM sales_invoice WHERE NOT is_return)) THEN 'refund'
                ELSE 'invoice' END AS kind,
           d.party AS customer_id, abs(d.amount)::DECIMAL(18, 4) AS amount, d.currency,
           CASE WHEN timezone(getvariable('timezone'), d.written_at)::DATE = d.day THEN d.written_at ELSE least(end_of_day(d.day), d.written_at) END AS event_at,
           d.written_at AS known_at,
           CASE WHEN d.amount > 0 THEN end_of_day(coalesce(i.due_date, d.due_date, greatest(d.day, reopened.due_date))) END AS due_at,
           CASE WHEN d.is_paid_at_once THEN 'other' WHEN d.voucher_type = 'Payment Entry' THEN method_of(p.mode_of_payment) END AS method,
           CASE WHEN d.amount < 0 THEN coalesce(i.return_against, CASE WHEN d.is_paid_at_once THEN d.voucher_no ELSE d.other END)
                ELSE back.id END AS of
    FROM document AS d
    LEFT JOIN sales_invoice AS i ON i.name = d.voucher_no AND d.voucher_type = 'Sales Invoice'
    LEFT JOIN sales_invoice AS reopened ON reopened.name = d.other AND d.voucher_type = 'Journal Entry'
    LEFT JOIN payment_entry AS p ON p.name = d.voucher_no AND d.voucher_type = 'Payment Entry'
    LEFT JOIN journal_entry AS j ON j.name = d.voucher_no AND d.voucher_type = 'Journal Entry'
    LEFT JOIN (  -- a journal entry that takes a whole payment back
        SELECT b.voucher_no, b.party, min(c.id) AS id
        FROM document AS b JOIN document AS c ON c.party = b.party AND c.currency = b.currency AND c.amount = -b.amount
        LEFT JOIN journal_entry AS k ON k.name = b.voucher_no
        LEFT JOIN journal_entry AS paid ON paid.name = c.voucher_no
        WHERE b.voucher_type = 'Journal Entry' AND b.amount > 0 AND c.amount < 0
          AND (b.other = c.voucher_no AND c.voucher_type = 'Payment Entry'
               OR k.reversal_of = c.voucher_no AND journal_kind(paid.voucher_type) = 'payment')
        GROUP BY ALL
    ) AS back ON back.voucher_no = d.voucher_no AND back.party = d.party AND d.amount > 0;

CREATE TABLE matched AS
    SELECT e.nr AS credit, o.nr AS debit, -a.amount AS amount, -a.amount AS credit_amount, a.written_at AS matched_at
    FROM against AS a
    JOIN entry AS e ON e.voucher_no = a.voucher_no AND e.customer_id = a.party AND e.kind <> 'invoice'
        AND (e.voucher_type <> 'Journal Entry' OR e.other IS NOT DISTINCT FROM a.other)
        AND (e.kind = 'payment' AND e.id LIKE '%:paid') = a.is_paid_at_once
    JOIN entry AS o ON o.id = CASE WHEN a.is_paid_at_once THEN a.voucher_no ELSE a.other END AND o.currency = e.currency
    WHERE a.amount < 0 AND (a.voucher_no, a.party) NOT IN (SELECT (voucher_no, party) FROM mixed)
    UNION ALL  -- money out against a credit note or a payment
    SELECT o.nr, e.nr, a.amount, a.amount, a.written_at
    FROM against AS a
    JOIN entry AS e ON e.voucher_no = a.voucher_no AND e.customer_id = a.party AND e.kind = 'refund'
        AND (e.voucher_type <> 'Journal Entry' OR e.other IS NOT DISTINCT FROM a.other)
    JOIN entry AS o ON o.id = a.other AND o.kind IN ('payment', 'credit_note') AND o.currency = e.currency
    WHERE a.amount > 0
    UNION ALL  -- a credit note, or an advance, that a journal laid on an invoice
    SELECT c.nr, d.nr, plus.amount, plus.amount, plus.written_at
    FROM mixed AS m
    JOIN against AS plus ON plus.voucher_no = m.voucher_no AND plus.party = m.party AND plus.amount > 0
    JOIN against AS minus ON minus.voucher_no = m.voucher_no AND minus.party = m.party AND minus.amount < 0
    JOIN entry AS c ON c.id = plus.other JOIN entry AS d ON d.id = minus.other
    WHERE m.is_pair AND m.amount = 0;

CREATE VIEW seen AS
    SELECT voucher_no AS id FROM payment_ledger_entry UNION ALL SELECT id FROM entry
    UNION ALL SELECT name FROM sales_invoice UNION ALL SELECT name FROM payment_entry
    UNION ALL SELECT name FROM journal_entry;

CREATE VIEW balance AS
    SELECT 'receivable' AS what, currency, amount FROM row_of
    UNION ALL
    SELECT 'billed', currency, amount FROM entry WHERE kind = 'invoice';

INSERT INTO note SELECT 'left out', count(*), 'rows of the ledger that are void or of suppliers and staff'
FROM payment_ledger_entry WHERE name NOT IN (SELECT name FROM row_of);
INSERT INTO note SELECT 'left out', count(*), 'drafts of sales invoices' FROM sales_invoice WHERE docstatus = 0;
INSERT INTO note SELECT 'left out', count(*), 'journal entries or payments that take a credit note along: what they move, the account facts move anew'
FROM mixed WHERE NOT (is_pair AND amount = 0);
INSERT INTO note SELECT 'assumed', count(*), 'journal entries that raise what a customer owes are debts of their own, due on their day, or with the invoice that they are against'
FROM entry WHERE voucher_type = 'Journal Entry' AND kind = 'invoice';
INSERT INTO note SELECT 'assumed', count(*), 'sales invoices without a due date are due on their own date'
FROM document AS d LEFT JOIN sales_invoice AS i ON i.name = d.voucher_no
WHERE d.voucher_type = 'Sales Invoice' AND d.amount > 0 AND coalesce(i.due_date, d.due_date) IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'journal entries of no kind that says what they are (payment, write-off) are credit notes'
FROM entry WHERE voucher_type = 'Journal Entry' AND kind = 'credit_note' AND coalesce(journal, '') NOT IN ('Credit Note', 'Debit Note');
INSERT INTO note SELECT 'assumed', count(*), 'sales invoices in the ledger that are not among the documents: due as the ledger says'
FROM entry WHERE voucher_type = 'Sales Invoice' AND voucher_no NOT IN (SELECT name FROM sales_invoice);
INSERT INTO note SELECT 'assumed', count(*), 'payments whose mode is not known here are of method other' FROM entry WHERE method = 'other';
INSERT INTO note SELECT 'assumed', count(*), 'sales invoices whose outstanding amount is another than the ledger''s: was all of it exported?'
FROM sales_invoice AS i LEFT JOIN (
    SELECT coalesce(against_voucher_no, voucher_no) AS name, sum(amount) AS amount FROM row_of GROUP BY ALL) AS r USING (name)
WHERE i.docstatus = 1 AND i.outstanding_amount <> coalesce(r.amount, 0);

-- Whose each row is that was not understood: a row of the ledger names its party, and a
-- document's rows in the ledger do.
CREATE VIEW owner_of_strange AS
    SELECT DISTINCT CASE s.kind WHEN 'customer' THEN 'customers' WHEN 'sales_invoice' THEN 'invoices'
               WHEN 'payment_entry' THEN 'payments' ELSE 'invoices' END AS table_name,
           coalesce(s.data ->> 'party', CASE WHEN s.kind = 'customer' THEN s.id END, r.party) AS customer_id,
           s.kind AS kind, s.id AS id, s.file AS file, s.row AS row
    FROM strange AS s LEFT JOIN row_of AS r ON r.voucher_no = s.id AND s.kind <> 'payment_ledger_entry';
