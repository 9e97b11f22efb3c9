-- Kill Bill's own sums: charges and adjustments of invoices, payments taken, money given back.
-- What becomes one row of the portfolio is rounded once, as there.
WITH item AS (
    SELECT t.invoice_id, upper(i.currency) AS currency, t.amount, kind,
           kind = 'charge' OR kind = 'adjustment' AND t.created_date <= i.created_date AS is_first,
           i.account_id IN (SELECT id FROM delegated)
           OR invoice_state(coalesce(i.status, 'COMMITTED')) IS DISTINCT FROM 'issued' AS is_apart
    FROM (SELECT *, item_kind(type) AS kind FROM invoice_items) AS t JOIN invoices AS i ON i.id = t.invoice_id
    WHERE kind <> 'balance'
), part AS (
    SELECT any_value(currency) AS currency, rounded(sum(amount)) AS amount, bool_or(is_apart) AS is_left_out
    FROM item WHERE is_first GROUP BY invoice_id
    UNION ALL
    SELECT currency, amount::DECIMAL(18, 4), is_apart OR amount > 0 OR kind NOT IN ('adjustment', 'credit')
    FROM item WHERE NOT is_first
)
SELECT 'billed' AS what, currency, sum(amount)::DECIMAL(38, 4) AS amount,
       coalesce(sum(amount) FILTER (WHERE is_left_out), 0)::DECIMAL(38, 4) AS left_out
FROM part GROUP BY currency
UNION ALL
SELECT what, currency, sum(amount)::DECIMAL(38, 4), coalesce(sum(amount) FILTER (WHERE is_left_out), 0)::DECIMAL(38, 4)
FROM (
    SELECT CASE WHEN t.transaction_type IN ('PURCHASE', 'CAPTURE') THEN 'payments' ELSE 'refunds' END AS what,
           upper(coalesce(t.processed_currency, t.currency, a.currency)) AS currency,
           coalesce(t.processed_amount, t.amount)::DECIMAL(18, 4) AS amount,
           p.account_id IN (SELECT id FROM delegated)
           OR what = 'refunds' AND t.payment_id NOT IN (SELECT payment_id FROM taken) AS is_left_out
    FROM payment_transactions AS t JOIN payments AS p ON p.id = t.payment_id
    LEFT JOIN accounts AS a ON a.id = p.account_id
    WHERE t.transaction_type IN ('PURCHASE', 'CAPTURE', 'REFUND', 'CREDIT') AND t.transaction_status = 'SUCCESS'
) GROUP BY what, currency
