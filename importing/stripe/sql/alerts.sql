-- An early fraud warning of the card network, and a payment that Radar held for a person.
SELECT p.customer AS customer_id, to_timestamp(min(w.created)) AS event_at,
       to_timestamp(min(w.created)) AS known_at, w.id AS alert_id, 'payment_warning' AS kind,
       'high' AS severity, 'active' AS status, NULL::VARCHAR AS resolved_reason
FROM warning AS w JOIN paying AS p ON p.id = id_of(w.charge)
WHERE p.customer IS NOT NULL GROUP BY p.customer, w.id
UNION ALL
SELECT p.customer, to_timestamp(min(r.created)), to_timestamp(min(r.created)), r.id,
       'payment_warning', 'medium', 'active', NULL
FROM review AS r JOIN paying AS p ON p.id = id_of(r.charge) OR p.payment_intent = id_of(r.payment_intent)
WHERE p.customer IS NOT NULL GROUP BY p.customer, r.id
UNION ALL
SELECT p.customer, min(r.seen_at), min(r.seen_at), r.id, 'payment_warning', 'medium', 'resolved',
       arg_min(review_end(r.closed_reason), r.seen_at)
FROM review AS r JOIN paying AS p ON p.id = id_of(r.charge) OR p.payment_intent = id_of(r.payment_intent)
WHERE p.customer IS NOT NULL AND NOT r.open GROUP BY p.customer, r.id
