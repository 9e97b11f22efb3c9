-- Whose each row is that was not understood: it names its customer, or something that does.
SELECT CASE s.kind WHEN 'customer' THEN 'customers' WHEN 'subscription' THEN 'subscriptions'
           WHEN 'subscription_item' THEN 'subscriptions' WHEN 'invoice' THEN 'invoices' WHEN 'credit_note' THEN 'invoices'
           WHEN 'dispute' THEN 'disputes' ELSE 'payments' END AS table_name,
       coalesce(s.data ->> 'customer_id', CASE WHEN s.kind = 'customer' THEN s.id END, i.customer_id, t.customer_id, u.customer_id) AS customer_id,
       s.kind AS kind, s.id AS id, s.file AS file, s.row AS row
FROM strange AS s
LEFT JOIN last_invoice AS i ON i.id = s.data ->> 'invoice_id'
LEFT JOIN last_transaction AS t ON t.id = s.data ->> 'transaction_id'
LEFT JOIN (SELECT id, any_value(customer_id) AS customer_id FROM subscription GROUP BY id) AS u ON u.id = s.data ->> 'subscription_id'
