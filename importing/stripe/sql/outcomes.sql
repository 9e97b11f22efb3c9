SELECT p.customer AS customer_id, to_timestamp(min(w.created)) AS event_at,
       to_timestamp(min(w.created)) AS known_at, 'fraud' AS kind, w.id AS source, 'warning' AS strength
FROM warning AS w JOIN paying AS p ON p.id = id_of(w.charge)
WHERE p.customer IS NOT NULL GROUP BY p.customer, w.id
UNION ALL  -- a person said so: of the payment, or at the end of a review
SELECT p.customer, min(c.seen_at), min(c.seen_at),
       CASE c.fraud_details.user_report WHEN 'fraudulent' THEN 'fraud' ELSE 'fraud_cleared' END AS kind,
       c.id, 'analyst'
FROM charge AS c JOIN paying AS p USING (id)
WHERE p.customer IS NOT NULL AND c.fraud_details.user_report IN ('fraudulent', 'safe')
GROUP BY p.customer, c.id, 4
UNION ALL
SELECT p.customer, min(r.seen_at), min(r.seen_at), 'fraud', r.id, 'analyst'
FROM review AS r JOIN paying AS p ON p.id = id_of(r.charge) OR p.payment_intent = id_of(r.payment_intent)
WHERE p.customer IS NOT NULL AND r.closed_reason = 'refunded_as_fraud' GROUP BY p.customer, r.id
