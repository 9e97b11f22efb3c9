SELECT 'billed' AS what, currency, sum(amount) AS amount FROM made_invoices WHERE kind = 'invoice' GROUP BY currency
UNION ALL SELECT 'credit granted', currency, sum(amount) FROM made_invoices
WHERE kind = 'credit_note' AND applies_to IS NULL GROUP BY currency
UNION ALL SELECT 'payments', currency, sum(amount) FROM made_payments
WHERE status = 'succeeded' AND payment_id NOT LIKE '%:paid' GROUP BY currency
UNION ALL SELECT 'money out', currency, sum(amount) FROM made_payments
WHERE status IN ('refunded', 'returned') GROUP BY currency
