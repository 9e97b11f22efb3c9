-- Lago tells of a dispute only when it was lost; such an invoice never turns overdue there.
WITH lost AS (
    SELECT i.customer, i.lago_id, i.currency, i.payment_dispute_lost_at AS happened,
           nullif(i.total_paid_amount_cents, 0) AS minor, told.reason,
           taken.payment_id, before.kind
    FROM last_invoice AS i
    LEFT JOIN (SELECT lago_id, arg_max(provider_error, seen_at) AS reason FROM invoice
               WHERE provider_error IS NOT NULL GROUP BY lago_id) AS told USING (lago_id)
    LEFT JOIN (SELECT pays, arg_max(lago_id, created_at) AS payment_id FROM last_payment
               WHERE state = 'succeeded' GROUP BY pays) AS taken ON taken.pays = i.lago_id
    LEFT JOIN (SELECT dispute_id, arg_max(kind, known_at) AS kind FROM there_disputes GROUP BY ALL) AS before
        ON before.dispute_id = i.lago_id || ':dispute'  -- only a webhook tells the reason, once
    WHERE i.payment_dispute_lost_at IS NOT NULL AND i.is_counted
)
SELECT customer AS customer_id, happened AS event_at, happened AS known_at,
       lago_id || ':dispute' AS dispute_id,
       CASE WHEN reason ILIKE '%fraud%' THEN 'chargeback_fraud' WHEN reason IS NULL AND kind IS NOT NULL THEN kind
            ELSE 'chargeback_other' END AS kind,
       unnest(['opened', 'lost']) AS status, in_major(minor, currency) AS amount,
       lago_id AS invoice_id, payment_id, currency
FROM lost
