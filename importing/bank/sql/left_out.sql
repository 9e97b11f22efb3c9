-- Money that could not be read: nobody knows whose. Of a reference its invoice may say it.
SELECT 'payments' AS table_name, i.customer_id AS customer_id, s.kind AS kind, NULL::VARCHAR AS id, s.file AS file, s.row AS row
FROM strange AS s
LEFT JOIN there_invoices AS i ON i.invoice_id = s.data ->> 'invoice_id' AND coalesce(i.kind, 'invoice') = 'invoice'
