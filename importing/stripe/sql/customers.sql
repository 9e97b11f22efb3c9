-- What a customer object says today is known since today: it has no history. Only that
-- the customer was there is known since it was created. Terms are those of its
-- subscriptions today, so an earlier version that an event carried has none.
WITH latest AS (
    FROM subscription QUALIFY row_number() OVER (PARTITION BY id ORDER BY seen_at DESC) = 1
), terms AS (
    SELECT customer, arg_max(days_until_due, created) AS payment_terms_days,
           arg_max(collection_method, created) = 'charge_automatically' AS is_auto_pay,
           bool_and(status = 'trialing') AS is_trial
    FROM latest WHERE ended_at IS NULL GROUP BY customer
), now AS (
    SELECT c.id, c.seen_at, c.created, address.country AS country,
           list_contains(list_transform(tax_ids.data, lambda t: t.verification.status), 'verified')
               AS is_tax_id_valid,
           terms.payment_terms_days, terms.is_auto_pay, terms.is_trial
    FROM customer AS c CROSS JOIN export
    LEFT JOIN terms ON terms.customer = c.id AND c.seen_at = export.moment
), named AS (
    SELECT id_of(customer) AS id, min(created) AS created FROM objects
    WHERE customer IS NOT NULL GROUP BY ALL
)
SELECT id AS customer_id, to_timestamp(min(created)) AS event_at, to_timestamp(min(created)) AS known_at,
       to_timestamp(min(created)) AS created_at, NULL::VARCHAR AS country,
       NULL::BOOLEAN AS is_tax_id_valid, NULL::DOUBLE AS payment_terms_days,
       NULL::BOOLEAN AS is_auto_pay, NULL::BOOLEAN AS is_trial
FROM (SELECT id, created FROM customer UNION ALL
      SELECT id, created FROM named WHERE id NOT IN (SELECT id FROM customer))
GROUP BY id
UNION ALL
SELECT id, seen_at, seen_at, to_timestamp(created), country, is_tax_id_valid,
       payment_terms_days::DOUBLE, is_auto_pay, is_trial
FROM now
WHERE (country, is_tax_id_valid, payment_terms_days, is_auto_pay, is_trial)
      IS DISTINCT FROM (NULL, NULL, NULL, NULL, NULL)
