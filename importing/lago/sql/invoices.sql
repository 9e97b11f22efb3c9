-- Documents, tax included, for that is what payments pay.
WITH payer AS (
    SELECT lago_invoice_id, any_value(lago_subscription_id) AS subscription FROM fee
    WHERE lago_subscription_id IS NOT NULL
    GROUP BY lago_invoice_id HAVING count(DISTINCT lago_subscription_id) = 1
)
SELECT customer AS customer_id, issued AS event_at, issued AS known_at, lago_id AS invoice_id,
       -- a state without meaning as kind: the contract's check refuses the row and protects the customer
       CASE invoice_state(status) WHEN 'issued' THEN 'invoice' ELSE status END AS kind, in_major(gross, currency) AS amount, due AS due_at,
       NULL::VARCHAR AS applies_to, subscription AS subscription_id, currency
FROM last_invoice LEFT JOIN payer ON payer.lago_invoice_id = last_invoice.lago_id
WHERE is_counted
UNION ALL
SELECT customer, created_at, created_at, lago_id, 'credit_note',
       in_major(given + credit_amount_cents, currency), NULL, lago_invoice_id, NULL, currency
FROM last_note WHERE is_counted
UNION ALL  -- voided: what was not used of it is credit no longer
SELECT customer, created_at, greatest(coalesce(updated_at, seen_at), created_at + INTERVAL 1 MICROSECOND), lago_id, 'credit_note',
       in_major(given + credit, currency), NULL, lago_invoice_id, NULL, currency
FROM last_note WHERE is_counted AND credit < credit_amount_cents
UNION ALL
SELECT customer, gone, gone, lago_id || ':void', 'credit_note', in_major(rest, currency), NULL,
       lago_id, NULL, currency
FROM void_rest
