-- Each attempt is a transaction of its own. A direct debit is under way first, and so is
-- what an event or an earlier import saw under way.
WITH told AS (
    SELECT id, min(seen_at) FILTER (WHERE transaction_state(status) = 'pending') AS begun_at,
           min(seen_at) FILTER (WHERE transaction_state(status) <> 'pending') AS ended_at
    FROM transaction WHERE event IS NOT NULL GROUP BY id
), before AS (
    SELECT DISTINCT payment_id AS id FROM there_payments WHERE status = 'pending' AND retracted IS NOT true
), ended AS (
    SELECT p.*, p.method IS NOT DISTINCT FROM 'direct_debit' AS is_debit,
           b.id IS NOT NULL OR coalesce(t.begun_at < coalesce(t.ended_at, p.seen_at), false) AS was_begun,
           CASE WHEN p.state = 'pending' OR NOT is_debit AND NOT was_begun THEN p.date
               WHEN is_debit THEN coalesce(p.settled_at, t.ended_at, settled(p.date, p.seen_at))
               ELSE coalesce(t.ended_at, p.updated_at, p.seen_at) END AS happened
    FROM part AS p LEFT JOIN told AS t ON t.id = p.id LEFT JOIN before AS b ON b.id = p.id
    WHERE p.state IS NOT NULL AND NOT p.is_deleted
)
SELECT owes AS customer_id, happened AS event_at, happened AS known_at, payment_id, state AS status,
       in_major(cents, currency_code) AS amount, method, invoice_id,
       CASE WHEN state = 'failed' THEN failure_of(decline) END AS failure_code,
       payment_source_id AS instrument_id, NULL::VARCHAR AS refund_id,
       CASE WHEN customer_id <> owes THEN customer_id END AS paid_by, currency_code AS currency,
       NULL::BOOLEAN AS retracted
FROM ended
UNION ALL
SELECT owes, date, date, payment_id, 'pending', in_major(cents, currency_code), method, invoice_id, NULL,
       payment_source_id, NULL, CASE WHEN customer_id <> owes THEN customer_id END, currency_code, NULL
FROM ended WHERE (is_debit OR was_begun) AND state <> 'pending'
UNION ALL
SELECT e.owes, greatest(e.happened, r.happened), greatest(e.happened, r.happened), e.payment_id, 'returned',
       in_major(e.cents, e.currency_code), e.method, e.invoice_id, failure_of(r.decline),
       e.payment_source_id, NULL, NULL, e.currency_code, NULL
FROM ended AS e JOIN returned AS r ON r.id = e.id
UNION ALL  -- what an earlier import brought of a payment and is no more: the payment, a part, a state
SELECT t.customer_id, t.event_at, coalesce(p.voided_at, p.updated_at, p.seen_at), t.payment_id, t.status,
       t.amount, t.method, t.invoice_id, NULL, NULL, NULL, NULL, t.currency, true
FROM there_payments AS t JOIN last_transaction AS p ON p.id = split_part(t.payment_id, ':', 1)
LEFT JOIN ended AS e USING (payment_id)
WHERE p.is_whole AND p.kind = 'payment' AND t.retracted IS NOT true AND t.refund_id IS NULL
  AND p.seen_at >= t.known_at
  AND (e.id IS NULL OR t.status IN ('succeeded', 'failed') AND t.status <> e.state)
UNION ALL  -- a refund that was voided, deleted or failed later
SELECT t.customer_id, t.event_at, coalesce(r.voided_at, r.updated_at, r.seen_at), t.payment_id, t.status,
       t.amount, t.method, t.invoice_id, NULL, NULL, t.refund_id, NULL, t.currency, true
FROM there_payments AS t JOIN last_transaction AS r ON r.id = t.refund_id
WHERE r.kind = 'refund' AND (r.status <> 'success' OR r.is_deleted) AND t.retracted IS NOT true
  AND r.seen_at >= t.known_at
UNION ALL
SELECT owes, date, date, payment_id, 'refunded', in_major(amount, currency_code), NULL, invoice_id, NULL, NULL,
       id, NULL, currency_code, NULL
FROM back WHERE NOT is_chargeback AND payment_id IS NOT NULL
