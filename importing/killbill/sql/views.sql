-- A plain date is over when the account's own day is.
CREATE MACRO end_of_day(day, zone) AS
    timezone(coalesce(zone, 'UTC'), (day + INTERVAL 1 DAY)::TIMESTAMP) - INTERVAL 1 MICROSECOND;

-- Accounts whose parent pays owe nothing of their own: the parent's invoice has their sum.
CREATE VIEW delegated AS
    SELECT id FROM accounts WHERE is_payment_delegated_to_parent AND parent_account_id IS NOT NULL;

-- To the contract's four decimals; of a sum DuckDB does that a hundred times slower than of
-- an amount, so what fits becomes an amount first.
CREATE MACRO rounded(total) AS CASE WHEN total BETWEEN -100000000 AND 100000000
    THEN total::DECIMAL(18, 9)::DECIMAL(18, 4) ELSE total::DECIMAL(18, 4) END;

-- The one thing that all rows name, else null; hashes of texts are cheaper to compare.
CREATE MACRO key_of(thing) AS CASE WHEN thing IS NOT NULL THEN hash(thing) END;
CREATE MACRO of_one(thing) AS 
    CASE WHEN min(key_of(thing)) = max(key_of(thing)) THEN any_value(thing) END;

-- A moment in a timezone is dear: each is found once.
CREATE TABLE due_day AS
    SELECT invoice_date, time_zone, end_of_day(invoice_date, time_zone) AS due_at
    FROM (SELECT DISTINCT i.invoice_date, a.time_zone
          FROM invoices AS i LEFT JOIN accounts AS a ON a.id = i.account_id);

-- An invoice as it was made: its charges, and what was adjusted in the same run.
CREATE TABLE document AS
    SELECT i.id, i.account_id, i.currency, day.due_at, i.created_date,
           invoice_state(coalesce(i.status, 'COMMITTED')) AS state,
           coalesce(item.amount, 0) AS amount, item.subscription_id
    FROM invoices AS i
    LEFT JOIN accounts AS a ON a.id = i.account_id
    LEFT JOIN due_day AS day ON day.invoice_date = i.invoice_date AND day.time_zone IS NOT DISTINCT FROM a.time_zone
    LEFT JOIN (
        SELECT t.invoice_id, sum(t.amount) AS amount,
               of_one(t.subscription_id) AS subscription_id
        FROM invoice_items AS t JOIN invoices AS i ON i.id = t.invoice_id
        WHERE item_kind(t.type) = 'charge' OR item_kind(t.type) = 'adjustment' AND t.created_date <= i.created_date
        GROUP BY t.invoice_id
    ) AS item ON item.invoice_id = i.id
    WHERE i.account_id NOT IN (SELECT id FROM delegated);

-- What was open by Kill Bill's own sum when the invoice was written off.
CREATE VIEW written_off AS
    SELECT d.*, t.created_date AS happened,
           coalesce((SELECT sum(i.amount) FROM invoice_items AS i WHERE i.invoice_id = d.id
                     AND item_kind(i.type) IN ('charge', 'adjustment', 'balance')
                     AND i.created_date <= t.created_date), 0)
           - coalesce((SELECT sum(p.amount) FROM invoice_payments AS p
                       WHERE p.invoice_id = d.id AND p.status = 'SUCCESS'
                       AND coalesce(p.created_date <= t.created_date, true)), 0) AS open
    FROM tags AS t JOIN document AS d ON d.id = t.object_id
    WHERE t.tag_definition_id = '00000000-0000-0000-0000-000000000004' AND t.object_type = 'INVOICE'
      AND coalesce(t.is_active, true) AND d.state = 'issued';

-- Transactions with the invoice that their payment pays. Most payments try one: only the
-- others need to be put together.
CREATE TABLE transaction AS
    WITH attempt AS (
        SELECT payment_id, invoice_id, hash(payment_id) AS paying FROM invoice_payments
        WHERE type = 'ATTEMPT' AND payment_id IS NOT NULL
    ), again AS MATERIALIZED (
        SELECT paying FROM attempt GROUP BY paying HAVING count(*) > 1
    ), link AS (
        SELECT payment_id, invoice_id FROM attempt WHERE paying NOT IN (FROM again)
        UNION ALL
        SELECT payment_id, of_one(invoice_id) FROM attempt WHERE paying IN (FROM again) GROUP BY payment_id
    )
    SELECT t.id, t.payment_id, t.gateway_error_code, t.effective_date, t.updated_date,
           p.account_id, m.plugin_name, transaction_kind(t.transaction_type) AS kind,
           CASE WHEN transaction_kind(t.transaction_type) = 'chargeback' THEN t.transaction_external_key END AS chargeback_key,
           transaction_state(t.transaction_status) AS state, link.invoice_id,
           -- of an attempt that failed nothing was processed: what was tried counts
           CASE WHEN transaction_state(t.transaction_status) = 'failed'
                THEN coalesce(t.amount, t.processed_amount)
                ELSE coalesce(t.processed_amount, t.amount) END AS paid,
           coalesce(t.processed_currency, t.currency, a.currency) AS money,
           coalesce(t.created_date, t.effective_date) AS began
    FROM payment_transactions AS t
    JOIN payments AS p ON p.id = t.payment_id
    LEFT JOIN accounts AS a ON a.id = p.account_id
    LEFT JOIN payment_methods AS m ON m.id = p.payment_method_id
    LEFT JOIN link ON link.payment_id = t.payment_id
    WHERE p.account_id NOT IN (SELECT id FROM delegated);

-- The transaction that took a payment's money, of payments with something else beside it:
-- refunds and chargebacks are of it.
CREATE VIEW taken AS
    SELECT payment_id, arg_min(id, effective_date) AS id, any_value(invoice_id) AS invoice_id
    FROM transaction WHERE kind = 'payment' AND state = 'succeeded'
      AND payment_id IN (SELECT payment_id FROM transaction WHERE kind IS DISTINCT FROM 'payment')
    GROUP BY payment_id;
