-- What each movement is to the reseller; one that several files tell is there once.
CREATE TABLE told AS
    WITH kinds AS NOT MATERIALIZED (  -- read twice, for to keep its wide rows costs more
        SELECT rowid AS movement_id, * REPLACE (amount::DECIMAL(18, 4) AS amount, upper(currency) AS currency),
               CASE WHEN status = 'dishonored' OR status = 'booked' AND is_return AND direction = 'in'
                        THEN 'undone'
                    WHEN status = 'booked' AND is_return THEN 'returned'
                    WHEN status = 'booked' AND direction = 'in' THEN 'received'
                    WHEN status = 'booked' THEN 'sent'
                    WHEN status = 'pending' AND direction = 'in' AND NOT is_return THEN 'announced'
                    WHEN status = 'rejected' AND direction = 'in' THEN 'rejected'
                    WHEN status IN ('accepted', 'correction', 'difference') THEN status
                    ELSE 'apart' END AS kind,
               coalesce(booked_at, end_of_day(booked_on)) AS happened,
               len(ids) = 0 AND len(structured) = 0 AND end_to_end IS NULL AS is_bare,
               CASE WHEN is_bare THEN text END AS own_text,
               hash(booked_on, amount::DECIMAL(18, 4), ids, structured, end_to_end, own_text) AS said
        FROM movement
    ), again AS (  -- most say what no other says, by a part of it already: those need no sorting
        SELECT said FROM kinds GROUP BY said HAVING count(*) > 1
    ), named AS NOT MATERIALIZED (
        SELECT *, to_json(row(account, booked_on, amount, currency, direction, is_return, ids, structured, end_to_end,
                              own_text, kind IN ('difference', 'apart'), form = 'pain.002'))::VARCHAR AS content
        FROM kinds
    ), counted AS (
        SELECT *, row_number() OVER (PARTITION BY file, content, kind ORDER BY row) AS nth
        FROM named WHERE said IN (FROM again)
    )
    SELECT * EXCLUDE (own_text, said, content), 'bank-' || md5(content || 1) AS key
    FROM named WHERE said NOT IN (FROM again)
    UNION ALL
    SELECT * EXCLUDE (own_text, said, content, nth), 'bank-' || md5(content || nth) FROM counted
    QUALIFY row_number() OVER (PARTITION BY content, nth, kind ORDER BY length(text) DESC NULLS LAST, file, row) = 1;

-- A notice and a statement may tell one movement with other references. Of those that say
-- the same account, day, amount and kind, two in two files are one where they share a
-- reference that stands only once in each, and no other of their references differs. The
-- bank's own number of the entry may be another in another form of message, not in the same.
CREATE TABLE shared AS
    WITH told_in_files AS (
        FROM told WHERE kind IN ('received', 'announced', 'returned', 'undone', 'sent')
            AND (SELECT count(DISTINCT file) FROM told) > 1
        WINDOW same AS (PARTITION BY account, booked_on, amount, currency, is_return, kind)
        QUALIFY min(file) OVER same <> max(file) OVER same
    ), telling AS (
        SELECT key, file, md5(to_json(row(account, booked_on, amount, currency, is_return, kind))::VARCHAR) AS base,
               form, number, end_to_end, serials, structured, unnest(list_concat(
                   [{rule: 1, reference: end_to_end}], list_transform(ids, lambda id: {rule: 1, reference: id}),
                   list_transform(structured, lambda id: {rule: 2, reference: plain(id)}),
                   [{rule: 3, reference: plain(text)}, {rule: 4, reference: entry}])) AS one
        FROM told_in_files
    ), once AS (
        SELECT * EXCLUDE one, one.rule, one.reference FROM telling WHERE one.reference <> ''
        QUALIFY count(DISTINCT key) OVER (PARTITION BY base, one.rule, one.reference, file) = 1
    ), best AS (
        SELECT a.key, b.key AS other, min(a.rule) AS rule FROM once AS a JOIN once AS b USING (base, rule, reference)
        WHERE a.file <> b.file AND a.end_to_end <> b.end_to_end IS NOT TRUE
          AND (a.form = b.form AND a.number <> b.number) IS NOT TRUE
          AND (a.rule = 1 OR (len(a.serials) = 0 OR len(b.serials) = 0 OR list_has_any(a.serials, b.serials))
               AND (len(a.structured) = 0 OR len(b.structured) = 0 OR list_has_any(a.structured, b.structured)))
        GROUP BY a.key, b.key, b.file
        QUALIFY row_number() OVER (PARTITION BY a.key, b.file ORDER BY min(a.rule), b.key) = 1
    )
    SELECT a.key, a.other, a.rule FROM best AS a JOIN best AS b ON b.key = a.other AND b.other = a.key;

-- The one that says most stands for all of them, with the references of each.
CREATE TABLE same AS
    WITH RECURSIVE rank AS (
        SELECT key, row_number() OVER (ORDER BY len(ids) + len(structured) + (end_to_end IS NOT NULL)::INT DESC, file, row) AS nth
        FROM told WHERE key IN (SELECT key FROM shared)
    ), step AS (
        SELECT s.key, arg_min(s.other, o.nth) AS before, arg_min(s.rule, o.nth) AS rule FROM shared AS s
        JOIN rank AS k ON k.key = s.key JOIN rank AS o ON o.key = s.other WHERE o.nth < k.nth GROUP BY s.key
    ), way AS (
        SELECT key, before AS root, rule FROM step
        UNION ALL SELECT w.key, s.before, w.rule FROM way AS w JOIN step AS s ON s.key = w.root
    )
    SELECT * FROM way WHERE root NOT IN (SELECT key FROM step);
UPDATE told SET end_to_end = coalesce(told.end_to_end, s.end_to_end), text = coalesce(told.text, s.text),
       ids = list_distinct(list_concat(told.ids, s.ids)), serials = list_distinct(list_concat(told.serials, s.serials)),
       structured = list_distinct(list_concat(told.structured, s.structured)), reason = coalesce(told.reason, s.reason),
       booked_at = coalesce(told.booked_at, s.booked_at), happened = least(told.happened, s.happened)
    FROM (SELECT s.root, any_value(t.end_to_end) AS end_to_end, any_value(t.text) AS text, flatten(list(t.ids)) AS ids,
                 flatten(list(t.serials)) AS serials, flatten(list(t.structured)) AS structured,
                 any_value(t.reason) AS reason, any_value(t.booked_at) AS booked_at, min(t.happened) AS happened
          FROM same AS s JOIN told AS t USING (key) GROUP BY s.root) AS s
    WHERE told.key = s.root;
CREATE TABLE merged AS SELECT s.rule, t.file, t.row FROM same AS s JOIN told AS t USING (key);
DELETE FROM told WHERE key IN (SELECT key FROM same);

-- An entry that is one sum here, and whose transactions another file lists.
DELETE FROM told WHERE is_bare AND entry IS NOT NULL AND EXISTS (
    FROM (SELECT t.file, t.account, t.entry, sum(t.amount) AS amount FROM told AS t
          WHERE NOT t.is_bare AND t.entry IS NOT NULL GROUP BY ALL) AS listed
    WHERE listed.entry = told.entry AND listed.account = told.account AND listed.file <> told.file
      AND listed.amount = told.amount);

CREATE TABLE invoice AS
    SELECT invoice_id, customer_id, amount, currency, plain(invoice_id) AS name,
           regexp_full_match(invoice_id, '[0-9]+') AS is_number, row_number() OVER () AS nr
    FROM there_invoices WHERE coalesce(kind, 'invoice') = 'invoice' AND retracted IS DISTINCT FROM true
      AND invoice_id IS NOT NULL;

-- How an invoice is called: its id, and what a list of references says. A name that two
-- invoices or two customers bear names none.
CREATE TABLE invoice_name AS
    WITH called AS (
        SELECT name, nr, invoice_id, customer_id, is_number, false AS is_listed FROM invoice
        UNION ALL SELECT ltrim(name, '0'), nr, invoice_id, customer_id, true, false FROM invoice
                  WHERE is_number AND name LIKE '0%'
        UNION ALL SELECT plain(r.reference), i.nr, i.invoice_id, i.customer_id,
                         regexp_full_match(r.reference, '[0-9]+'), true
                  FROM reference AS r JOIN invoice AS i USING (invoice_id)
    )
    SELECT name, min(nr) AS nr, bool_and(is_number) AS is_number, bool_or(is_listed) AS is_listed,
           -- in a text a short word, or a year, may be anything
           length(name) > 3 AND regexp_matches(name, '[0-9]')
               AND NOT regexp_full_match(name, '(19|20)[0-9]{2}') AS is_telling
    FROM called WHERE name <> '' GROUP BY name
    HAVING min(invoice_id) = max(invoice_id) AND min(customer_id) = max(customer_id);

-- What a movement calls itself or another one by.
CREATE VIEW called AS
    SELECT movement_id, unnest(list_append(ids, end_to_end)) AS id FROM told
    WHERE kind IN ('received', 'announced', 'returned', 'undone', 'sent', 'rejected');

-- Which invoices a movement names, by the first rule that finds any: the next one only
-- looks at those that are left.
CREATE TABLE naming AS
    SELECT DISTINCT movement_id, 1 AS rule, nr FROM (SELECT movement_id, unnest(structured) AS reference FROM told)
    JOIN invoice_name ON name IN (plain(reference), ltrim(plain(reference), '0'));
CREATE VIEW unnamed AS FROM told WHERE movement_id NOT IN (SELECT movement_id FROM naming);
INSERT INTO naming
    SELECT DISTINCT movement_id, 2, nr FROM (SELECT movement_id, unnest(structured) AS reference FROM unnamed)
    JOIN invoice_name ON name = without_check(reference);
INSERT INTO naming
    SELECT movement_id, 3, nr FROM unnamed JOIN invoice_name ON name = plain(end_to_end) WHERE is_telling;
INSERT INTO naming
    SELECT DISTINCT movement_id, 4, nr
    FROM (SELECT movement_id, serials, unnest(ids) AS id FROM unnamed
          WHERE kind IN ('received', 'announced', 'returned', 'undone', 'sent', 'rejected'))
    JOIN invoice_name ON name = plain(id)
    WHERE is_telling AND (is_listed OR NOT list_contains(serials, id));

-- The words of a text that may be an invoice, the first 200 with a digit; and of the first 200 words up to six in
-- a row together, for a number may be written in parts. One of these has a digit too, so
-- where all that have one are as long as the longest name there is nothing to put together.
CREATE TABLE word AS
    WITH said AS NOT MATERIALIZED (
        SELECT movement_id, upper(text) AS said FROM unnamed
        WHERE text IS NOT NULL AND kind IN ('received', 'announced', 'returned', 'undone', 'sent', 'rejected')
    ), telling AS (
        SELECT name FROM invoice_name WHERE is_telling
    ), numbered AS MATERIALIZED (
        SELECT movement_id, unnest(regexp_extract_all(said, '[A-Z]*[0-9][0-9A-Z]*')[:200]) AS word FROM said
    ), placed AS (
        SELECT movement_id, regexp_extract_all(said, '[0-9A-Z]+') AS words,
               unnest(generate_series(1, least(len(words), 200))) AS place
        FROM said WHERE movement_id IN (
            SELECT movement_id FROM numbered WHERE length(word) < (SELECT max(length(name)) FROM telling))
    ), joined AS (
        SELECT movement_id, array_to_string(words[place : place + n - 1], '') AS word
        FROM placed, generate_series(2, 6) AS series(n) WHERE place + n - 1 <= len(words)
    )
    SELECT movement_id, false AS is_joined, word FROM numbered WHERE word IN (FROM telling)
        OR regexp_full_match(word, '(RF[0-9]{2}[0-9A-Z]+|[0-9]{12}|[0-9]{27})')
    UNION ALL SELECT movement_id, true, word FROM joined WHERE word IN (FROM telling);
INSERT INTO naming
    SELECT DISTINCT movement_id, 5, nr FROM word JOIN invoice_name ON name = word
    WHERE is_telling AND NOT (is_joined AND is_number);
INSERT INTO naming  -- a check number may be written in a text as well
    SELECT DISTINCT movement_id, 6, nr FROM word JOIN invoice_name ON name = without_check(word)
    WHERE is_telling AND NOT is_joined AND movement_id NOT IN (SELECT movement_id FROM naming);

-- The parts of a movement: all of it for one invoice; for several of one customer's each
-- its own amount where they add up, else the customer is paid and no invoice is named.
CREATE TABLE part AS
    WITH named AS (
        SELECT movement_id, any_value(rule) AS rule, count(*) AS n_named, any_value(nr) AS nr
        FROM naming GROUP BY movement_id
    ), several AS (
        SELECT t.movement_id, t.key, any_value(n.rule) AS rule, count(DISTINCT i.customer_id) AS n_customers,
               list(n.nr) AS nrs,
               CASE WHEN bool_and(coalesce(i.currency, t.currency) = t.currency) THEN sum(i.amount) END AS invoiced,
               any_value(i.customer_id) AS customer_id, t.amount
        FROM told AS t JOIN naming AS n USING (movement_id) JOIN invoice AS i USING (nr)
        WHERE t.movement_id IN (SELECT movement_id FROM named WHERE n_named > 1)
        GROUP BY t.movement_id, t.key, t.amount
    )
    SELECT movement_id, n.rule, i.customer_id, i.invoice_id, t.amount, t.key AS payment_id
    FROM named AS n JOIN told AS t USING (movement_id) JOIN invoice AS i USING (nr) WHERE n_named = 1
    UNION ALL
    SELECT movement_id, rule, i.customer_id, i.invoice_id, i.amount, key || '-' || i.invoice_id
    FROM (SELECT movement_id, key, rule, unnest(nrs) AS nr FROM several WHERE invoiced = amount)
    JOIN invoice AS i USING (nr)
    UNION ALL
    SELECT movement_id, rule, customer_id, NULL, amount, key
    FROM several WHERE invoiced IS DISTINCT FROM amount AND n_customers = 1;

CREATE MACRO rule_text(rule) AS CASE rule
    WHEN 1 THEN 'structured reference or document number'
    WHEN 2 THEN 'structured reference without its check digits'
    WHEN 3 THEN 'end-to-end reference'
    WHEN 4 THEN 'reference of the payer, or one of the bank that the list names'
    WHEN 5 THEN 'invoice number in the text'
    WHEN 6 THEN 'structured reference in the text'
    WHEN 7 THEN 'id of a payment that is there' END;

-- Payments that the portfolio has: what they paid, since when, and whether from a bank.
CREATE TABLE known_payment AS
    SELECT payment_id, any_value(customer_id) AS customer_id, any_value(invoice_id) AS invoice_id,
           max(amount) AS amount, min(event_at) AS happened, any_value(currency) AS currency,
           any_value(method) AS method, bool_or(status = 'succeeded') AS is_paid,
           max(event_at) FILTER (WHERE status = 'returned') AS returned_at,
           payment_id LIKE 'bank-%' AS is_of_bank
    FROM there_payments WHERE status <> 'refunded' AND retracted IS DISTINCT FROM true
    GROUP BY payment_id;

-- Money received that another source has told: the same invoice and amount within ten
-- days, one for one; or its id.
CREATE TABLE told_before AS
    WITH ours AS (
        SELECT p.movement_id, p.payment_id, p.customer_id, p.invoice_id, p.amount, t.currency, t.happened
        FROM part AS p JOIN told AS t USING (movement_id) WHERE t.kind IN ('received', 'announced')
    ), alike AS (
        SELECT invoice_id, amount, currency, list(payment_id ORDER BY happened, payment_id) AS ids,
               list(epoch(happened) ORDER BY happened, payment_id) AS moments
        FROM ours WHERE invoice_id IN (SELECT invoice_id FROM known_payment WHERE is_paid AND NOT is_of_bank)
        GROUP BY ALL
    ), theirs AS (
        SELECT a.invoice_id, a.amount, a.currency, list(epoch(k.happened) ORDER BY k.happened) AS moments
        FROM alike AS a JOIN known_payment AS k
            ON k.invoice_id = a.invoice_id AND k.amount = a.amount AND coalesce(k.currency, a.currency) = a.currency
        WHERE k.is_paid AND NOT k.is_of_bank GROUP BY ALL
    )
    SELECT DISTINCT unnest(list_select(a.ids, paired(a.moments, t.moments))) AS payment_id
    FROM alike AS a JOIN theirs AS t USING (invoice_id, amount, currency)
    UNION
    SELECT o.payment_id FROM ours AS o JOIN called AS c USING (movement_id)
    JOIN known_payment AS k ON k.payment_id = c.id WHERE NOT k.is_of_bank AND k.is_paid;

-- Money that an earlier import of a bank's files told with other references: of one
-- invoice (or of a customer, of no invoice), one amount and one day, one for one.
CREATE TABLE told_earlier AS
    WITH here AS (
        SELECT p.payment_id, p.customer_id, p.invoice_id, p.amount, t.currency, t.booked_on,
               row_number() OVER (PARTITION BY p.customer_id, p.invoice_id, p.amount, t.currency, t.booked_on
                                  ORDER BY t.file, t.row, p.payment_id) AS nth
        FROM part AS p JOIN told AS t USING (movement_id)
        WHERE t.kind = 'received' AND p.payment_id NOT IN (SELECT payment_id FROM known_payment WHERE is_paid)
          AND p.payment_id NOT IN (FROM told_before)
    ), there AS (
        SELECT *, row_number() OVER (PARTITION BY customer_id, invoice_id, amount, currency, booked_on ORDER BY payment_id) AS nth
        FROM (SELECT k.*, timezone(s.timezone, k.happened)::DATE AS booked_on FROM known_payment AS k, setting AS s)
        WHERE is_of_bank AND is_paid AND payment_id NOT IN (SELECT payment_id FROM part)
    )
    SELECT h.payment_id FROM here AS h JOIN there AS t
        ON t.customer_id = h.customer_id AND t.invoice_id IS NOT DISTINCT FROM h.invoice_id AND t.amount = h.amount
        AND t.currency = h.currency AND t.booked_on = h.booked_on AND t.nth = h.nth;
CREATE TABLE told_elsewhere AS FROM told_before UNION FROM told_earlier;

CREATE TABLE received AS
    SELECT p.*, t.happened, t.kind, t.currency, t.method FROM part AS p JOIN told AS t USING (movement_id)
    WHERE t.kind IN ('received', 'announced') AND p.payment_id NOT IN (FROM told_elsewhere);

-- What may be returned, refunded or tried again: payments there, and those made here. What
-- a bank has only announced is none, whichever import told it.
CREATE TABLE payable AS
    WITH there AS (FROM known_payment WHERE is_paid OR NOT is_of_bank)
    SELECT payment_id, customer_id, invoice_id, amount, happened, currency, method, is_paid
    FROM there
    UNION ALL
    SELECT payment_id, customer_id, invoice_id, amount, happened, currency, method, true FROM received
    WHERE kind = 'received' AND payment_id NOT IN (SELECT payment_id FROM there);

-- The payment that a movement, or each part of it, undoes: the one it names, else of the
-- invoice that it names the last one of that amount before it; a return that names neither,
-- the only payment of that amount before it that came with its end-to-end reference.
CREATE TABLE undoing AS
    WITH by_id AS (
        SELECT t.movement_id, t.key AS part_id, t.amount AS undone, 7 AS rule, k.* FROM told AS t
        JOIN called AS c USING (movement_id) JOIN payable AS k ON k.payment_id = c.id
        WHERE t.kind IN ('returned', 'rejected', 'sent')
    ), by_invoice AS (
        SELECT p.movement_id, p.payment_id AS part_id, p.amount AS undone, p.rule, k.*
        FROM part AS p JOIN told AS t USING (movement_id) JOIN payable AS k
            ON k.invoice_id = p.invoice_id AND k.customer_id = p.customer_id
            AND k.happened <= t.happened AND coalesce(k.currency, t.currency) = t.currency
            AND (k.amount = p.amount OR t.kind = 'sent' AND k.amount > p.amount)
        WHERE t.kind = 'returned' OR t.kind = 'sent' AND k.is_paid
    ), by_reference AS (
        SELECT t.movement_id, t.key AS part_id, t.amount AS undone, 3 AS rule, k.* FROM told AS t
        JOIN told AS r ON r.kind = 'received' AND r.end_to_end = t.end_to_end AND r.amount = t.amount
            AND r.currency = t.currency AND r.happened <= t.happened
        JOIN payable AS k ON k.payment_id = r.key
        WHERE t.kind = 'returned' AND t.movement_id NOT IN (SELECT movement_id FROM part)
        QUALIFY count(*) OVER (PARTITION BY t.movement_id) = 1
    )
    SELECT u.*, t.kind, t.happened AS undone_at, t.reason, t.currency AS undone_currency
    FROM (FROM by_id UNION ALL FROM by_invoice WHERE movement_id NOT IN (SELECT movement_id FROM by_id)
          UNION ALL FROM by_reference WHERE movement_id NOT IN (SELECT movement_id FROM by_id)) AS u
    JOIN told AS t USING (movement_id)
    QUALIFY row_number() OVER (PARTITION BY movement_id, part_id ORDER BY u.happened DESC, u.payment_id) = 1;
-- two returns cannot undo one payment
DELETE FROM undoing WHERE kind = 'returned' AND part_id IN (
    SELECT part_id FROM undoing WHERE kind = 'returned'
    QUALIFY row_number() OVER (PARTITION BY payment_id ORDER BY undone_at, part_id) > 1);

-- What comes back to us after it had left: a payment whose return was taken back, or a
-- refund that did not arrive.
CREATE TABLE refund_there AS
    SELECT payment_id, refund_id, customer_id, invoice_id, amount, event_at AS happened, currency
    FROM there_payments WHERE status = 'refunded' AND retracted IS DISTINCT FROM true
    UNION
    SELECT payment_id, part_id, customer_id, invoice_id, undone, undone_at, undone_currency FROM undoing
    WHERE kind = 'sent';
CREATE TABLE taken_back AS
    SELECT p.movement_id, p.payment_id AS part_id, p.rule, r.* FROM part AS p JOIN told AS t USING (movement_id)
    JOIN refund_there AS r
        ON r.invoice_id = p.invoice_id AND r.amount = p.amount AND r.happened <= t.happened
        AND coalesce(r.currency, t.currency) = t.currency
    WHERE t.kind = 'undone' AND p.invoice_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY p.payment_id ORDER BY r.happened DESC, r.refund_id) = 1;
CREATE TABLE standing_again AS
    SELECT p.movement_id, p.rule, p.customer_id, p.invoice_id, p.amount, p.payment_id FROM part AS p
    JOIN told AS t USING (movement_id)
    WHERE t.kind = 'undone' AND p.payment_id NOT IN (SELECT part_id FROM taken_back)
      AND (EXISTS (FROM undoing AS u WHERE u.kind = 'returned' AND u.invoice_id = p.invoice_id
                   AND u.undone = p.amount AND u.undone_at <= t.happened)
           OR EXISTS (FROM known_payment AS k WHERE k.returned_at <= t.happened AND k.invoice_id = p.invoice_id
                      AND k.amount = p.amount)
           OR t.status = 'dishonored');

-- What became of each movement: without what only the lists say, for wide rows are dear.
CREATE TABLE outcome AS
    SELECT t.movement_id, t.file, t.row, t.kind, t.amount, t.currency, t.booked_at, coalesce(p.rule, u.rule) AS rule,
        CASE WHEN t.kind IN ('received', 'announced') THEN
                 CASE WHEN p.movement_id IS NULL AND t.is_whole THEN 'a sum of several transactions that are not listed'
                      WHEN p.movement_id IS NULL AND s.movement_id IS NOT NULL THEN 'names invoices of several customers that do not add up'
                      WHEN p.movement_id IS NULL THEN 'names no invoice'
                      WHEN p.is_before THEN 'told by another source'
                      ELSE 'taken' END
             WHEN t.kind = 'returned' THEN
                 CASE WHEN u.movement_id IS NOT NULL THEN 'taken' ELSE 'a return without its payment' END
             WHEN t.kind = 'rejected' THEN
                 CASE WHEN coalesce(u.movement_id, p.movement_id) IS NOT NULL THEN 'taken' ELSE 'names no invoice and no payment' END
             WHEN t.kind = 'undone' THEN
                 CASE WHEN b.movement_id IS NOT NULL OR a.movement_id IS NOT NULL THEN 'taken'
                      ELSE 'a return that undoes nothing known' END
             WHEN t.kind = 'sent' THEN CASE WHEN u.movement_id IS NOT NULL THEN 'taken' ELSE 'our own payment' END
             ELSE t.kind END AS became
    FROM told AS t
    LEFT JOIN (SELECT movement_id, any_value(rule) AS rule, bool_and(payment_id IN (FROM told_elsewhere)) AS is_before
               FROM part GROUP BY movement_id) AS p USING (movement_id)
    LEFT JOIN (SELECT DISTINCT movement_id FROM naming) AS s USING (movement_id)
    LEFT JOIN (SELECT movement_id, any_value(rule) AS rule FROM undoing GROUP BY movement_id) AS u USING (movement_id)
    LEFT JOIN (SELECT DISTINCT movement_id FROM taken_back) AS b USING (movement_id)
    LEFT JOIN (SELECT DISTINCT movement_id FROM standing_again) AS a USING (movement_id);

-- Parts of movements that were taken otherwise.
CREATE VIEW left_part AS
    SELECT p.movement_id, p.amount FROM part AS p JOIN outcome AS o USING (movement_id) JOIN told AS t USING (movement_id)
    WHERE o.became = 'taken' AND CASE
        WHEN o.kind = 'received' THEN p.payment_id IN (FROM told_elsewhere)
        WHEN o.kind IN ('returned', 'sent') THEN
            p.payment_id NOT IN (SELECT part_id FROM undoing) AND t.key NOT IN (SELECT part_id FROM undoing)
        WHEN o.kind = 'undone' THEN
            p.payment_id NOT IN (SELECT payment_id FROM standing_again)
            AND p.payment_id NOT IN (SELECT part_id FROM taken_back)
        ELSE false END;
CREATE VIEW refusal AS SELECT file, row, reason FROM told
    WHERE kind IN ('returned', 'rejected', 'undone') AND reason IS NOT NULL;
