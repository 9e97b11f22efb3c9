INSERT INTO note SELECT CASE WHEN became IN ('a return without its payment', 'a return that undoes nothing known')
    THEN 'look at' ELSE 'left out' END, count(*), became || CASE
    WHEN became = 'names no invoice' THEN ': money received from nobody known (see the list unmatched)'
    WHEN became = 'told by another source' THEN ': payments that are there already, same invoice and amount within ten days'
    WHEN became = 'our own payment' THEN 's: bookings that went out and name no paid invoice'
    WHEN became = 'correction' THEN 's of account data (C01 and others): correct them where you collect'
    WHEN became = 'accepted' THEN ': collections that go on; a statement will say when they are booked'
    WHEN became = 'difference' THEN 's between an entry and its transactions: what the bank takes'
    WHEN became = 'apart' THEN ': bookings that move no money of a customer'
    ELSE ' (see the list unmatched)' END
FROM outcome WHERE became <> 'taken' GROUP BY became;
INSERT INTO note SELECT CASE kind WHEN 'received' THEN 'left out' ELSE 'look at' END, count(*), 'parts of movements '
    || CASE kind WHEN 'received' THEN 'told by another source' ELSE 'that undo nothing known' END || ' (a part of it, in the list unmatched)'
FROM left_part JOIN outcome USING (movement_id) GROUP BY kind;
INSERT INTO note SELECT 'left out', n, 'movements that another file tells as well'
FROM (SELECT (SELECT count(*) FROM movement) - (SELECT count(*) FROM told) - (SELECT count(*) FROM merged) AS n);
INSERT INTO note SELECT 'left out', count(*), 'movements that another file tells with other references: same account, day and amount, and the same '
    || CASE rule WHEN 1 THEN 'end-to-end reference or number' WHEN 2 THEN 'structured reference' WHEN 3 THEN 'text'
       ELSE 'entry' END || ', first ' || min_by(file || ' row ' || row, (file, row))
FROM merged GROUP BY rule;
INSERT INTO note SELECT 'look at', count(*), 'payments are taken for those that an earlier import told with other references: same invoice, amount and day; if one is money of its own, import its file together with the earlier ones into a new portfolio'
FROM told_earlier;
-- two files, and nothing that says whether it is one movement or two
INSERT INTO note SELECT 'look at', count(*), 'payments of one invoice, amount and day in two files, whose references do not say whether they are one: all count, first '
    || min(first)
FROM (SELECT min(t.file || ' row ' || t.row) AS first FROM received AS r JOIN told AS t USING (movement_id)
      WHERE (SELECT count(DISTINCT file) FROM told) > 1
      GROUP BY t.account, t.booked_on, r.customer_id, r.invoice_id, r.amount, r.currency, r.kind
      HAVING count(DISTINCT t.file) > 1 AND count(DISTINCT t.end_to_end) < count(*));
INSERT INTO note SELECT 'left out', count(*), 'references of the list whose invoice is not in the portfolio'
FROM reference WHERE invoice_id NOT IN (SELECT invoice_id FROM invoice);
INSERT INTO note SELECT 'matched', count(*), 'by: ' || rule_text(rule) FROM outcome WHERE became = 'taken' GROUP BY rule;
INSERT INTO note SELECT 'look at', count(*), 'payments are of the same customer and amount within ten days as one that another source tells, and one of the two names no invoice: both count; if they are one, take the bank''s back (a row of it with `retracted`)'
FROM received AS r WHERE payment_id NOT IN (SELECT payment_id FROM known_payment) AND EXISTS (
    FROM known_payment AS k WHERE (k.invoice_id IS NULL OR r.invoice_id IS NULL) AND k.is_paid AND NOT k.is_of_bank
    AND k.customer_id = r.customer_id AND k.amount = r.amount AND coalesce(k.currency, r.currency) = r.currency
    AND abs(epoch(k.happened) - epoch(r.happened)) <= 10 * 86400);
INSERT INTO note SELECT 'assumed', count(*), 'movements without a time are known since the end of their booking day'
FROM outcome WHERE became = 'taken' AND booked_at IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'movements name several invoices that do not add up: the customer is paid, no invoice is named'
FROM (SELECT movement_id FROM part WHERE invoice_id IS NULL);
INSERT INTO note SELECT 'look at', count(DISTINCT t.movement_id), 'returns in another currency than the payment of the invoice that they name'
FROM outcome AS t JOIN part AS p USING (movement_id) JOIN payable AS k ON k.invoice_id = p.invoice_id AND k.currency <> t.currency
WHERE t.became = 'a return without its payment';
INSERT INTO note SELECT 'assumed', count(DISTINCT t.movement_id), 'movements in another currency than the invoice that they name: they pay it at the portfolio''s rate'
FROM outcome AS t JOIN part AS p USING (movement_id) JOIN invoice AS i USING (invoice_id)
WHERE t.became = 'taken' AND t.currency IN (SELECT currency FROM rate) AND t.currency <> coalesce(i.currency, (SELECT any_value(currency) FROM rate WHERE is_main));
INSERT INTO note SELECT 'look at', count(*), 'amounts with more decimals than their currency has, first in ' || min_by(file || ' row ' || row, (file, row))
FROM movement WHERE amount * units_of(currency) % 1 <> 0;
