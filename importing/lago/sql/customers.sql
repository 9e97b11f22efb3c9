-- What a customer says today is known since today, or since the webhook that told it. Only
-- that the customer was there is known since it was created.
WITH now AS (
    SELECT external_id AS id, seen_at, created_at, country, subject_of(customer_type) AS subject_kind,
           is_tax_id_valid, net_payment_term AS payment_terms_days,
           CASE WHEN billing IS NOT NULL THEN payment_provider IS NOT NULL END AS is_auto_pay
    FROM customer WHERE account_type IS DISTINCT FROM 'partner'
), named AS (
    SELECT customer AS id, min(created_at) AS created_at FROM (
        SELECT customer, created_at FROM last_invoice WHERE is_counted
        UNION ALL SELECT customer, created_at FROM payment
        UNION ALL SELECT customer, created_at FROM subscription)
    WHERE customer IS NOT NULL AND customer NOT IN (SELECT external_id FROM customer) GROUP BY ALL
)
SELECT id AS customer_id, min(created_at) AS event_at, min(created_at) AS known_at,
       min(created_at) AS created_at, NULL::VARCHAR AS country, NULL::VARCHAR AS subject_kind,
       NULL::BOOLEAN AS is_tax_id_valid, NULL::BIGINT AS payment_terms_days,
       NULL::BOOLEAN AS is_auto_pay
FROM (SELECT id, created_at FROM now UNION ALL FROM named) GROUP BY id
UNION ALL
SELECT id, seen_at, seen_at, created_at, country, subject_kind, is_tax_id_valid,
       payment_terms_days, is_auto_pay
FROM now
WHERE (country, subject_kind, is_tax_id_valid, payment_terms_days, is_auto_pay)
      IS DISTINCT FROM (NULL, NULL, NULL, NULL, NULL)
