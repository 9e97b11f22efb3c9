WITH document AS (
    FROM made_invoices QUALIFY row_number() OVER (PARTITION BY invoice_id, kind ORDER BY known_at DESC) = 1
), payment AS (
    FROM made_payments
    QUALIFY row_number() OVER (PARTITION BY payment_id, status, refund_id ORDER BY known_at DESC) = 1
), row_ AS (
    SELECT currency, kind AS what, amount, CASE kind WHEN 'invoice' THEN amount ELSE -amount END AS open
    FROM document WHERE retracted IS NULL
    UNION ALL SELECT currency, status, amount, CASE status WHEN 'succeeded' THEN -amount ELSE amount END
    FROM payment WHERE retracted IS NULL AND status <> 'pending'
)
SELECT 'receivable' AS what, currency, sum(open) AS amount FROM row_ GROUP BY currency
UNION ALL SELECT 'billed', currency, sum(amount) FROM row_ WHERE what = 'invoice' GROUP BY currency
