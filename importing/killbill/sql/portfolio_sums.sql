SELECT 'billed' AS what, currency,
       sum(CASE kind WHEN 'invoice' THEN amount ELSE -amount END) AS amount
FROM made_invoices WHERE retracted IS NULL AND kind IN ('invoice', 'credit_note') GROUP BY currency
UNION ALL SELECT 'payments', currency, sum(amount) FROM made_payments
WHERE status = 'succeeded' GROUP BY currency
UNION ALL SELECT 'refunds', currency, sum(amount) FROM made_payments
WHERE status = 'refunded' GROUP BY currency
