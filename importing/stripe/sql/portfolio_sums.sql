SELECT 'invoices' AS what, currency, sum(amount) AS amount FROM made_invoices
WHERE kind = 'invoice' AND retracted IS NULL
    AND invoice_id NOT IN (SELECT invoice_id FROM made_invoices WHERE retracted) GROUP BY currency
UNION ALL SELECT 'payments', currency, sum(amount) FROM (  -- a late failure is the last word
    SELECT currency, payment_id, sum(amount) FILTER (WHERE status = 'succeeded') AS amount
    FROM made_payments WHERE status IN ('succeeded', 'failed') AND payment_id NOT LIKE '%:paid'
    GROUP BY ALL HAVING arg_max(status, known_at) = 'succeeded') GROUP BY currency
UNION ALL SELECT 'refunds', currency, sum(amount) FROM made_payments
WHERE status = 'refunded' AND retracted IS NULL GROUP BY currency
