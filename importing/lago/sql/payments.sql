-- Each attempt is a payment of its own. What pays several invoices names none of them here,
-- and pays the oldest first.
SELECT customer AS customer_id,
       CASE WHEN method = 'direct_debit' AND state <> 'pending' THEN settled(created_at, seen_at)
            ELSE created_at END AS event_at,
       CASE WHEN method = 'direct_debit' AND state <> 'pending' THEN settled(created_at, seen_at)
            ELSE created_at END AS known_at,
       lago_id AS payment_id, state AS status, in_major(amount_cents, amount_currency) AS amount,
       method, pays AS invoice_id, NULL::VARCHAR AS refund_id, amount_currency AS currency,
       NULL::BOOLEAN AS retracted
FROM last_payment
UNION ALL
SELECT customer, created_at, created_at, lago_id, 'pending', in_major(amount_cents, amount_currency),
       method, pays, NULL, amount_currency, NULL
FROM last_payment WHERE method = 'direct_debit' AND state <> 'pending'
UNION ALL
SELECT customer, created_at, created_at, payment_id, 'refunded',
       in_major(refund_amount_cents, currency), NULL, lago_invoice_id, lago_id, currency, NULL
FROM refund WHERE refund_state(refund_status) = 'refunded' AND has_payment
UNION ALL
SELECT customer, coalesce(updated_at, seen_at), coalesce(updated_at, seen_at), lago_id || ':paid',
       'succeeded', rest, 'other', lago_id, NULL, currency, NULL
FROM paid_apart WHERE rest > 0 AND is_looked_at
UNION ALL  -- an earlier import took for such a payment what payments in these files paid
SELECT t.customer_id, t.event_at, moment, t.payment_id, 'succeeded', t.amount, 'other', t.invoice_id,
       NULL, t.currency, true
FROM there_payments AS t JOIN paid_apart AS p ON p.lago_id = t.invoice_id, export
WHERE t.payment_id = t.invoice_id || ':paid' AND t.retracted IS NOT true
  AND t.status = 'succeeded' AND p.rest <= 0
