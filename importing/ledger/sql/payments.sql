WITH made AS NOT MATERIALIZED (
    SELECT customer_id, event_at, known_at, id AS payment_id, 'succeeded' AS status, amount, method,
           target AS invoice_id, NULL::VARCHAR AS refund_id, paid_by, currency, retracted
    FROM part WHERE kind = 'payment'
    UNION ALL
    SELECT customer_id, event_at, known_at, payment, 'refunded', amount, method, NULL, refund_id, NULL, currency, NULL
    FROM given_back WHERE payment IS NOT NULL
    UNION ALL
    SELECT customer_id, event_at, known_at, payment, 'returned', amount, method, target, NULL, NULL, currency, NULL
    FROM came_back
    UNION ALL
    SELECT customer_id, event_at, known_at, id, 'pending', amount, method, NULL, NULL, NULL, currency, NULL
    FROM entry WHERE kind = 'pending'
)
FROM made
UNION ALL  -- what an earlier import brought of a document that says so no more
SELECT t.customer_id, t.event_at, export.moment, t.payment_id, t.status, t.amount, t.method, t.invoice_id,
       t.refund_id, t.paid_by, t.currency, true
FROM there_payments AS t, export
WHERE coalesce(t.refund_id, t.payment_id) IN (FROM told_again)
  AND NOT coalesce(t.retracted, false)
  AND (t.payment_id, t.status, coalesce(t.refund_id, ''))
      NOT IN (SELECT (payment_id, status, coalesce(refund_id, '')) FROM made
              WHERE payment_id IN (SELECT payment_id FROM there_payments))
