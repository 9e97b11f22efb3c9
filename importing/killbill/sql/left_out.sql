-- Whose each row is that was not understood: by its account, else by what it belongs to.
WITH told AS (
    SELECT kind, id, file, row, coalesce(
               data ->> 'account_id', CASE kind WHEN 'accounts' THEN id WHEN 'tags' THEN data ->> 'object_id'
               WHEN 'blocking_states' THEN data ->> 'blockable_id' END) AS account,
           data ->> 'invoice_id' AS invoice_id, data ->> 'payment_id' AS payment_id, data ->> 'bundle_id' AS bundle_id,
           data ->> 'subscription_id' AS subscription_id
    FROM strange
)
SELECT CASE kind WHEN 'accounts' THEN 'customers' WHEN 'bundles' THEN 'subscriptions'
           WHEN 'subscriptions' THEN 'subscriptions' WHEN 'subscription_events' THEN 'subscriptions'
           WHEN 'invoices' THEN 'invoices' WHEN 'invoice_items' THEN 'invoices'
           WHEN 'tags' THEN 'holds' WHEN 'blocking_states' THEN 'actions' ELSE 'payments' END AS table_name,
       coalesce(i.account_id, p.account_id, b.account_id, t.account) AS customer_id,
       t.kind AS kind, t.id AS id, t.file AS file, t.row AS row
FROM told AS t
LEFT JOIN invoices AS i ON i.id = coalesce(t.invoice_id, t.account)  -- a tag may be an invoice's
LEFT JOIN payments AS p ON p.id = t.payment_id
LEFT JOIN subscriptions AS s ON s.id = coalesce(t.subscription_id, t.account)
LEFT JOIN bundles AS b ON b.id = coalesce(t.bundle_id, s.bundle_id, t.account)
