-- The price is that of the subscription's latest recurring item, by the month.
WITH priced AS (
    SELECT subscription_id, arg_max(rate, (start_date, created_date)) AS rate,
           arg_max(end_date - start_date, (start_date, created_date)) AS days
    FROM invoice_items WHERE type = 'RECURRING' AND rate > 0 AND end_date > start_date
    GROUP BY subscription_id
), monthly AS (
    SELECT subscription_id, rate * CASE WHEN days BETWEEN 28 AND 31 THEN 1.0
               WHEN days BETWEEN 365 AND 366 THEN 1.0 / 12 ELSE 30.0 / days END AS price
    FROM priced
)
SELECT b.account_id AS customer_id, greatest(e.effective_date, e.created_date) AS event_at,
       greatest(e.effective_date, e.created_date) AS known_at, s.id AS subscription_id,
       CASE WHEN e.user_type IN ('CREATE', 'MIGRATE_ENTITLEMENT', 'TRANSFER') THEN 'started'
            WHEN e.user_type = 'CHANGE' THEN 'quantity_changed' ELSE 'ended' END AS kind,
       NULL::TIMESTAMPTZ AS effective_at, e.plan_name AS product,
       CASE WHEN m.price IS NULL THEN NULL ELSE 'license' END AS billing,
       CASE WHEN e.user_type <> 'CANCEL' THEN coalesce(e.quantity, 1) END AS quantity,
       CASE WHEN e.user_type <> 'CANCEL' THEN (m.price / coalesce(nullif(e.quantity, 0), 1))
            END::DECIMAL(18, 4) AS unit_price
FROM subscription_events AS e
JOIN subscriptions AS s ON s.id = e.subscription_id
JOIN bundles AS b ON b.id = s.bundle_id
LEFT JOIN monthly AS m ON m.subscription_id = s.id, export
WHERE coalesce(e.is_active, true) AND e.effective_date <= export.moment
  AND e.user_type IN ('CREATE', 'MIGRATE_ENTITLEMENT', 'TRANSFER', 'CHANGE', 'CANCEL')
UNION ALL  -- a cancellation that is still to come
SELECT b.account_id, e.created_date, e.created_date, s.id, 'cancelled', e.effective_date, NULL, NULL,
       NULL, NULL
FROM subscription_events AS e
JOIN subscriptions AS s ON s.id = e.subscription_id
JOIN bundles AS b ON b.id = s.bundle_id, export
WHERE coalesce(e.is_active, true) AND e.user_type = 'CANCEL' AND e.effective_date > export.moment
