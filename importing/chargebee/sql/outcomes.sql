-- The end of dunning stands in the last payment_failed event only, so it is known since then.
SELECT customer_id, min(seen_at) AS event_at, min(seen_at) AS known_at, 'nonpayment' AS kind,
       id || ':dunning' AS source, 'warning' AS strength
FROM invoice WHERE dunning_status = 'exhausted' AND invoice_state(status) IS NOT NULL GROUP BY customer_id, id
UNION ALL
SELECT customer_id, coalesce(cancelled_at, seen_at), coalesce(cancelled_at, seen_at),
       CASE cancel_reason WHEN 'not_paid' THEN 'nonpayment' ELSE 'fraud' END, id || ':cancelled',
       CASE cancel_reason WHEN 'not_paid' THEN 'confirmed' ELSE 'warning' END
FROM last_subscription
WHERE status = 'cancelled' AND cancel_reason IN ('not_paid', 'fraud_review_failed')
UNION ALL  -- a person's word on a customer, a gateway's on a payment
SELECT id, min(seen_at), min(seen_at), CASE fraud_flag WHEN 'safe' THEN 'fraud_cleared' ELSE 'fraud' END,
       id || ':flag', CASE fraud_flag WHEN 'suspicious' THEN 'weak' ELSE 'analyst' END
FROM customer WHERE fraud_flag IS NOT NULL GROUP BY id, fraud_flag
UNION ALL
SELECT owes, min(seen_at), min(seen_at), 'fraud', id || ':flag',
       CASE fraud_flag WHEN 'fraudulent' THEN 'warning' ELSE 'weak' END
FROM part WHERE fraud_flag IN ('fraudulent', 'suspicious') AND owes IS NOT NULL GROUP BY owes, id, fraud_flag
