SELECT 'invoices' AS what, currency, sum(amount) AS amount FROM made_invoices
WHERE kind = 'invoice' GROUP BY currency
UNION ALL SELECT 'payments', currency, sum(amount) FROM made_payments
WHERE status = 'succeeded' AND payment_id NOT LIKE '%:paid' GROUP BY currency
UNION ALL SELECT 'refunds', currency, sum(amount) FROM made_payments
WHERE status = 'refunded' GROUP BY currency
UNION ALL SELECT 'credit notes', currency, sum(amount) FROM (
    SELECT any_value(currency) AS currency, arg_max(amount, known_at) AS amount FROM made_invoices
    WHERE kind = 'credit_note' AND invoice_id NOT LIKE '%:void' GROUP BY invoice_id) GROUP BY currency
