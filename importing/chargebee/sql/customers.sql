-- What a customer says today is known since today, or since the event that told it. Only
-- that the customer was there is known since it was created.
WITH now AS (
    SELECT id, seen_at, created_at, upper(country) AS country, subject_of(customer_type) AS subject_kind,
           CASE vat_number_status WHEN 'valid' THEN true WHEN 'invalid' THEN false END AS is_tax_id_valid,
           net_term_days AS payment_terms_days,
           CASE auto_collection WHEN 'on' THEN true WHEN 'off' THEN false END AS is_auto_pay
    FROM customer
), named AS (
    SELECT customer_id AS id, min(happened) AS created_at FROM (
        SELECT customer_id, date AS happened FROM last_invoice WHERE is_counted
        UNION ALL SELECT customer_id, date FROM last_note
        UNION ALL SELECT customer_id, date FROM last_transaction
        UNION ALL SELECT customer_id, coalesce(created_at, started_at, seen_at) FROM subscription)
    WHERE customer_id IS NOT NULL AND customer_id NOT IN (SELECT id FROM customer) GROUP BY ALL
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
