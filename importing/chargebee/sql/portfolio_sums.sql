SELECT 'invoices' AS what, currency, sum(amount) AS amount FROM made_invoices
WHERE kind = 'invoice' AND retracted IS NULL AND invoice_id NOT IN (
    SELECT invoice_id FROM made_invoices WHERE kind = 'invoice' AND retracted) GROUP BY currency
UNION ALL SELECT 'credit notes and write-offs', currency, sum(amount) FROM made_invoices
WHERE kind <> 'invoice' AND retracted IS NULL AND invoice_id NOT LIKE '%:withheld' AND invoice_id NOT IN (
    SELECT invoice_id FROM made_invoices WHERE kind <> 'invoice' AND retracted) GROUP BY currency
UNION ALL SELECT 'taxes withheld', currency, sum(amount) FROM made_invoices
WHERE invoice_id LIKE '%:withheld' AND retracted IS NULL GROUP BY currency
UNION ALL SELECT 'payments', currency, sum(amount) FROM made_payments
WHERE status = 'succeeded' AND retracted IS NULL GROUP BY currency
UNION ALL SELECT 'refunds', currency, sum(amount) FROM made_payments
WHERE status = 'refunded' AND retracted IS NULL GROUP BY currency
