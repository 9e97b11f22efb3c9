-- A change of plan is the end of one subscription and the start of the next, as in Lago.
WITH price AS (
    SELECT *, CASE WHEN plan_amount_cents > 0 THEN 'license' WHEN plan_amount_cents = 0 THEN 'usage' END
               AS billing,
           CASE WHEN plan_amount_cents > 0
                THEN (in_major(plan_amount_cents, plan_amount_currency) * a_month * rate)::DECIMAL(18, 4) END
               AS unit_price
    FROM last_subscription LEFT JOIN rate ON rate.currency = plan_amount_currency
    WHERE started_at IS NOT NULL
), told AS (  -- the end that the portfolio knows of, dated with the export that said so
    FROM there_subscriptions WHERE retracted IS NOT true AND kind = 'cancelled'
    QUALIFY row_number() OVER (PARTITION BY subscription_id ORDER BY event_at DESC) = 1
)
SELECT customer AS customer_id, started_at AS event_at, greatest(started_at, created_at) AS known_at,
       lago_id AS subscription_id, 'started' AS kind, NULL::TIMESTAMPTZ AS effective_at,
       plan_code AS product, billing, CASE WHEN billing = 'license' THEN 1 END AS quantity,
       unit_price, trial_period > 0 AS is_trial, NULL::BOOLEAN AS retracted
FROM price
UNION ALL
SELECT customer, terminated_at, terminated_at, lago_id, 'ended', NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM price WHERE terminated_at IS NOT NULL
UNION ALL  -- an end that is still to come
SELECT customer, seen_at, seen_at, lago_id, 'cancelled', ending_at, NULL, NULL, NULL, NULL, NULL, NULL
FROM price LEFT JOIN told ON told.subscription_id = lago_id
WHERE terminated_at IS NULL AND ending_at > seen_at AND ending_at IS DISTINCT FROM told.effective_at
UNION ALL  -- it goes on after all
SELECT t.customer_id, t.event_at, s.seen_at, s.lago_id, t.kind, t.effective_at, NULL, NULL, NULL, NULL, NULL, true
FROM there_subscriptions AS t JOIN last_subscription AS s ON s.lago_id = t.subscription_id
WHERE t.kind = 'cancelled' AND t.retracted IS NOT true AND s.seen_at >= t.known_at
  AND s.terminated_at IS NULL AND s.ending_at IS NULL
