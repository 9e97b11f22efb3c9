-- Whose each row is that was not understood: what it names, or whose charge it is of.
WITH told AS (
    SELECT kind, id, file, row,
           coalesce(data ->> 'object', CASE WHEN kind <> 'objects' THEN regexp_replace(kind, '^(dashboard|sigma)_', '') END) AS object,
           id_of(coalesce(data ->> 'customer', data ->> 'customer id', data ->> 'customer_id')) AS customer,
           id_of(coalesce(data ->> 'charge', data ->> 'charge_id', data ->> 'source_id')) AS charge
    FROM strange
)
SELECT CASE rtrim(object, 's')
           WHEN 'invoice' THEN 'invoices' WHEN 'credit_note' THEN 'invoices'
           WHEN 'customer_balance_transaction' THEN 'invoices' WHEN 'customer' THEN 'customers'
           WHEN 'subscription' THEN 'subscriptions' WHEN 'subscription_item' THEN 'subscriptions' WHEN 'price' THEN 'subscriptions'
           WHEN 'dispute' THEN 'disputes' WHEN 'radar.early_fraud_warning' THEN 'alerts'
           WHEN 'early_fraud_warning' THEN 'alerts' WHEN 'review' THEN 'outcomes' ELSE 'payments' END AS table_name,
       coalesce(t.customer, CASE WHEN rtrim(object, 's') = 'customer' THEN t.id END, c.customer) AS customer_id,
       kind, t.id AS id, t.file AS file, t.row AS row
FROM told AS t LEFT JOIN paying AS c ON c.id = t.charge
