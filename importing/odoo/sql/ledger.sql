-- A plain date is over when the day of the portfolio's timezone is.
SET VARIABLE timezone = (SELECT timezone FROM setting);
CREATE MACRO end_of_day(day) AS
    timezone(getvariable('timezone'), (day + INTERVAL 1 DAY)::TIMESTAMP) - INTERVAL 1 MICROSECOND;

-- Whoever a contact acts for owes: Odoo calls it the commercial partner.
CREATE VIEW owner AS SELECT id, coalesce(commercial_partner_id, id) AS owner FROM res_partner;

CREATE TABLE posting AS
    SELECT m.id, m.name AS number, m.move_type, m.date, m.create_date, m.reversed_entry_id, m.statement_line_id,
           p.payment_method_code,
           p.id IS NOT NULL OR m.statement_line_id IS NOT NULL OR journal_kind(j.type) = 'money' AS is_money,
           timezone(getvariable('timezone'), m.create_date)::DATE AS made_on, day.over AS over_at
    FROM account_move AS m
    LEFT JOIN (SELECT date, end_of_day(date) AS over FROM account_move GROUP BY date) AS day ON day.date = m.date
    LEFT JOIN account_journal AS j ON j.id = m.journal_id
    LEFT JOIN (SELECT move_id, min(id) AS id, any_value(payment_method_code) AS payment_method_code
               FROM account_payment WHERE move_id IS NOT NULL GROUP BY move_id) AS p ON p.move_id = m.id
    WHERE move_state(m.state) = 'posted' AND move_kind(m.move_type) IN ('document', 'entry');
UPDATE posting SET number = number || '#' || id
    WHERE number IN (SELECT number FROM posting GROUP BY number HAVING count(*) > 1);

-- Each line on a receivable account is a document: an invoice in instalments is several.
CREATE TABLE line AS
    SELECT l.id AS line_id, l.move_id, l.date_maturity, l.amount_currency AS amount, o.owner, upper(c.name) AS currency,
           m.number AS id, l.amount_residual_currency AS residual, 1::BIGINT AS n_of_move
    FROM account_move_line AS l JOIN posting AS m ON m.id = l.move_id
    JOIN res_currency AS c ON c.id = l.currency_id
    JOIN owner AS o ON o.id = l.partner_id
    WHERE l.account_type = 'asset_receivable' AND l.amount_currency <> 0;
UPDATE line SET id = line.id || ':' || p.place, n_of_move = p.n
    FROM (SELECT line_id, count(*) OVER same AS n, row_number() OVER (same ORDER BY date_maturity, line_id) AS place
          FROM line WHERE move_id IN (SELECT move_id FROM line GROUP BY move_id HAVING count(*) > 1)
          WINDOW same AS (PARTITION BY move_id)) AS p
    WHERE p.line_id = line.line_id;

CREATE TABLE reversing AS
    SELECT n.id, paid.id AS reversed FROM posting AS n JOIN posting AS paid ON paid.id = n.reversed_entry_id
    WHERE n.move_type = 'entry' AND paid.move_type = 'entry' AND paid.is_money;

CREATE TABLE entry AS
    SELECT l.line_id AS nr, l.id,
           CASE WHEN l.amount < 0 THEN CASE WHEN m.move_type = 'entry' AND m.is_money THEN 'payment' ELSE 'credit_note' END
                WHEN m.move_type <> 'entry' THEN 'invoice'
                WHEN back.id IS NOT NULL THEN 'return'
                WHEN m.is_money THEN 'refund' ELSE 'invoice' END AS kind,
           m.move_type, l.owner::VARCHAR AS customer_id, abs(l.amount)::DECIMAL(18, 4) AS amount, l.currency,
           CASE WHEN m.made_on = m.date THEN m.create_date ELSE m.over_at END AS event_at,
           CASE WHEN m.made_on < m.date THEN m.over_at ELSE m.create_date END AS known_at,
           CASE WHEN l.amount > 0 THEN end_of_day(coalesce(l.date_maturity, m.date)) END AS due_at,
           CASE WHEN m.move_type = 'entry' AND m.is_money THEN CASE
               WHEN m.payment_method_code = 'sdd' THEN 'direct_debit'
               WHEN m.statement_line_id IS NOT NULL THEN 'bank_transfer' ELSE 'other' END END AS method,
           CASE WHEN l.amount < 0 AND m.move_type = 'out_refund' THEN credited.id ELSE back.id END AS of
    FROM line AS l JOIN posting AS m ON m.id = l.move_id
    LEFT JOIN line AS credited ON credited.move_id = m.reversed_entry_id AND credited.n_of_move = 1 AND credited.amount > 0
    LEFT JOIN (  -- a journal entry that takes a whole payment back
        SELECT b.line_id, p.id FROM reversing AS n JOIN line AS b ON b.move_id = n.id
        JOIN line AS p ON p.move_id = n.reversed AND p.owner = b.owner AND p.amount = -b.amount AND p.currency = b.currency
        WHERE b.amount > 0 QUALIFY row_number() OVER (PARTITION BY b.line_id ORDER BY p.id) = 1
    ) AS back ON back.line_id = l.line_id
    UNION ALL  -- a payment under way: without a journal entry until the bank has it
    SELECT -p.id, 'payment ' || p.id, 'pending', NULL, o.owner::VARCHAR, p.amount, upper(c.name),
           p.create_date, p.create_date, NULL, CASE WHEN p.payment_method_code = 'sdd' THEN 'direct_debit' ELSE 'other' END, NULL
    FROM account_payment AS p JOIN res_currency AS c ON c.id = p.currency_id JOIN owner AS o ON o.id = p.partner_id
    WHERE p.move_id IS NULL AND p.state = 'in_process' AND p.payment_type = 'inbound' AND p.partner_type = 'customer';

CREATE TABLE matched AS
    SELECT credit_move_id AS credit, debit_move_id AS debit, debit_amount_currency AS amount,
           credit_amount_currency AS credit_amount, create_date AS matched_at
    FROM account_partial_reconcile
    WHERE credit_move_id IN (SELECT line_id FROM line) AND debit_move_id IN (SELECT line_id FROM line);

CREATE TABLE client AS
    SELECT p.id::VARCHAR AS id, p.create_date AS created_at,
           CASE WHEN p.is_company THEN 'legal_person' WHEN NOT p.is_company THEN 'natural_person' END AS subject_kind,
           p.country_code AS country, NULL::VARCHAR AS segment
    FROM res_partner AS p WHERE p.id::VARCHAR IN (SELECT customer_id FROM entry);

CREATE VIEW seen AS
    SELECT name AS id FROM account_move WHERE name IS NOT NULL UNION ALL SELECT name || '#' || id FROM account_move
    UNION ALL SELECT 'payment ' || id FROM account_payment;

CREATE VIEW balance AS
    SELECT 'receivable' AS what, upper(c.name) AS currency, l.amount_currency AS amount
    FROM account_move_line AS l JOIN account_move AS m ON m.id = l.move_id JOIN res_currency AS c ON c.id = l.currency_id
    WHERE l.account_type = 'asset_receivable' AND m.state = 'posted' AND l.partner_id IN (SELECT id FROM res_partner)
      AND move_kind(m.move_type) IN ('document', 'entry')
    UNION ALL
    SELECT 'billed', currency, amount FROM entry WHERE kind = 'invoice';

INSERT INTO note SELECT 'left out', count(*), 'journal items of other accounts than receivables'
FROM account_move_line WHERE account_type <> 'asset_receivable';
INSERT INTO note SELECT 'left out', count(*), 'moves in draft or cancelled' FROM account_move WHERE move_state(state) IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'moves of a type, or in a state, that has no meaning here'
FROM account_move WHERE move_kind(move_type) NOT IN ('document', 'entry') OR move_state(state) <> 'posted';
INSERT INTO note SELECT 'left out', count(*), 'receivables of no partner, or whose move, partner or currency is not in these files'
FROM account_move_line AS l LEFT JOIN account_move AS m ON m.id = l.move_id
WHERE l.account_type = 'asset_receivable' AND coalesce(m.state, 'posted') = 'posted' AND (m.id IS NULL
    OR l.partner_id IS NULL OR l.partner_id NOT IN (SELECT id FROM res_partner) OR l.currency_id NOT IN (SELECT id FROM res_currency));
INSERT INTO note SELECT 'left out', count(*), 'differences of exchange: nothing in the currency of the debt'
FROM account_move_line WHERE account_type = 'asset_receivable' AND amount_currency = 0;
INSERT INTO note SELECT 'left out', count(*), 'matches with journal items that are not in these files'
FROM account_partial_reconcile
WHERE (debit_move_id IN (SELECT line_id FROM line)) <> (credit_move_id IN (SELECT line_id FROM line));
INSERT INTO note SELECT 'assumed', count(*), 'journal entries that raise what a customer owes are debts of their own'
FROM entry WHERE kind = 'invoice' AND move_type = 'entry';
INSERT INTO note SELECT 'assumed', count(*), 'invoices without date_maturity are due on their own date'
FROM line AS l JOIN entry AS e ON e.nr = l.line_id WHERE e.kind = 'invoice' AND l.date_maturity IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'journal entries of no bank or cash journal that reduce a debt are credit notes, also a write-off'
FROM entry WHERE kind = 'credit_note' AND move_type = 'entry';
INSERT INTO note SELECT 'assumed', count(*), 'journal items whose residual amount is another than the matches say: was all of it exported?'
FROM line AS l LEFT JOIN (
    SELECT line_id, sum(amount) AS amount FROM (
        SELECT debit_move_id AS line_id, debit_amount_currency AS amount FROM account_partial_reconcile
        UNION ALL SELECT credit_move_id, -credit_amount_currency FROM account_partial_reconcile)
    GROUP BY line_id) AS p USING (line_id)
WHERE l.residual <> l.amount - coalesce(p.amount, 0);

-- Whose each row is that was not understood: its partner's, or that of the line it is about.
CREATE VIEW owner_of_strange AS
    WITH line_of AS (
        SELECT id, move_id, partner_id FROM account_move_line WHERE partner_id IS NOT NULL
    ), told AS (
        SELECT *, TRY_CAST(coalesce(data ->> 'debit_move_id', data ->> 'credit_move_id') AS BIGINT) AS line_id,
               TRY_CAST(CASE kind WHEN 'account_move' THEN id ELSE data ->> 'move_id' END AS BIGINT) AS about
        FROM strange
    )
    SELECT DISTINCT CASE t.kind WHEN 'res_partner' THEN 'customers' WHEN 'account_move' THEN 'invoices'
               WHEN 'account_move_line' THEN 'invoices' ELSE 'payments' END AS table_name,
           coalesce(o.owner::VARCHAR, n.owner::VARCHAR, CASE WHEN t.kind = 'res_partner' THEN t.id END) AS customer_id,
           t.kind AS kind, t.id AS id, t.file AS file, t.row AS row
    FROM told AS t
    LEFT JOIN line_of AS l ON l.id = t.line_id OR l.move_id = t.about AND t.kind <> 'account_payment'
    LEFT JOIN owner AS o ON o.id::VARCHAR = t.data ->> 'partner_id'
    LEFT JOIN owner AS n ON n.id = l.partner_id;
