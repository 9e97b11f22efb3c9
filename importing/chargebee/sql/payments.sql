-- Each attempt is a transaction of its own. A direct debit is under way first.
WITH ended AS (
    SELECT p.*, CASE WHEN p.state = 'pending' OR p.method IS DISTINCT FROM 'direct_debit' THEN p.date
               ELSE coalesce(p.settled_at, e.happened, settled(p.date, p.seen_at)) END AS happened
    FROM part AS p
    LEFT JOIN (SELECT id, min(seen_at) AS happened FROM transaction
               WHERE event IS NOT NULL AND status <> 'in_progress' GROUP BY id) AS e ON e.id = p.id
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
FROM ended WHERE method = 'direct_debit' AND state <> 'pending'
UNION ALL
SELECT e.owes, greatest(e.happened, r.happened), greatest(e.happened, r.happened), e.payment_id, 'returned',
       in_major(e.cents, e.currency_code), e.method, e.invoice_id, failure_of(r.decline),
       e.payment_source_id, NULL, NULL, e.currency_code, NULL
FROM ended AS e JOIN returned AS r ON r.id = e.id
UNION ALL  -- a payment that was deleted or voided takes back what an earlier import brought
SELECT owes, t.event_at, coalesce(p.voided_at, p.updated_at, p.seen_at), t.payment_id, t.status, t.amount,
       t.method, t.invoice_id, NULL, NULL, NULL, NULL, t.currency, true
FROM part AS p JOIN there_payments AS t USING (payment_id)
WHERE (p.is_deleted OR p.state IS NULL) AND t.retracted IS NOT true AND t.refund_id IS NULL
UNION ALL
SELECT owes, date, date, payment_id, 'refunded', in_major(amount, currency_code), NULL, invoice_id, NULL, NULL,
       id, NULL, currency_code, NULL
FROM back WHERE NOT is_chargeback AND payment_id IS NOT NULL
