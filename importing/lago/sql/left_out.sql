-- Whose each row is that was not understood: it names its customer, or an invoice that does.
SELECT CASE s.kind WHEN 'customer' THEN 'customers' WHEN 'subscription' THEN 'subscriptions' WHEN 'plan' THEN 'subscriptions'
           WHEN 'invoice' THEN 'invoices' WHEN 'fee' THEN 'invoices' WHEN 'credit_note' THEN 'invoices' ELSE 'payments' END AS table_name,
       coalesce(s.data ->> 'customer', s.data ->> 'external_id', i.customer) AS customer_id, s.kind AS kind, s.id AS id, s.file AS file, s.row AS row
FROM strange AS s
LEFT JOIN (SELECT lago_id, any_value(customer) AS customer FROM invoice GROUP BY lago_id) AS i
    ON i.lago_id = s.data ->> 'lago_invoice_id'
UNION ALL  -- what they owe is too much, by a credit note that is not here
SELECT 'invoices', customer, 'invoice', lago_id, file, row FROM unexplained
