-- Money received pays the invoice that it names. A return undoes the payment it belongs to.
SELECT customer_id, happened AS event_at, happened AS known_at, payment_id,
       CASE kind WHEN 'announced' THEN 'pending' ELSE 'succeeded' END AS status, amount, method, invoice_id,
       NULL::VARCHAR AS failure_code, NULL::VARCHAR AS refund_id, currency, NULL::BOOLEAN AS retracted
FROM received
UNION ALL
SELECT customer_id, undone_at, undone_at, payment_id, 'returned', undone, method, invoice_id,
       failure_of(reason), NULL, undone_currency, NULL
FROM undoing WHERE kind = 'returned'
UNION ALL  -- refused before it was booked: an attempt that failed
SELECT coalesce(u.customer_id, p.customer_id), t.happened, t.happened, coalesce(u.payment_id, t.key),
       'failed', t.amount, 'direct_debit', coalesce(u.invoice_id, p.invoice_id), failure_of(t.reason), NULL,
       t.currency, NULL
FROM told AS t LEFT JOIN (FROM undoing WHERE kind = 'rejected') AS u USING (movement_id)
LEFT JOIN (SELECT movement_id, any_value(customer_id) AS customer_id,
                  CASE WHEN count(*) = 1 THEN any_value(invoice_id) END AS invoice_id
           FROM part GROUP BY movement_id) AS p USING (movement_id)
WHERE t.kind = 'rejected' AND coalesce(u.movement_id, p.movement_id) IS NOT NULL
UNION ALL  -- money given back
SELECT customer_id, undone_at, undone_at, payment_id, 'refunded', undone, NULL, invoice_id, NULL, part_id,
       undone_currency, NULL
FROM undoing WHERE kind = 'sent'
UNION ALL  -- a refund that came back was none
SELECT b.customer_id, b.happened, t.happened, b.payment_id, 'refunded', b.amount, NULL, b.invoice_id, NULL,
       b.refund_id, b.currency, true
FROM taken_back AS b JOIN told AS t USING (movement_id)
UNION ALL  -- a return was taken back: the money is there again
SELECT a.customer_id, t.happened, t.happened, a.payment_id, 'succeeded', a.amount, t.method, a.invoice_id,
       NULL, NULL, t.currency, NULL
FROM standing_again AS a JOIN told AS t USING (movement_id)
