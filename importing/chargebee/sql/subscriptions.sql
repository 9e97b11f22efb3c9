-- One row for the start, each change that events tell of, the notice and the end.
WITH began AS (
    SELECT *, coalesce(started_at, created_at) AS began FROM last_subscription
    WHERE status <> 'future' AND coalesce(started_at, created_at) IS NOT NULL
), changed AS (
    SELECT *, row_number() OVER known AS nth, lag((product, billing, quantity, unit_price)) OVER known
               IS DISTINCT FROM (product, billing, quantity, unit_price) AS is_change
    FROM priced WHERE status <> 'future' WINDOW known AS (PARTITION BY id ORDER BY seen_at)
), told AS (  -- what the portfolio knows of an end, dated with the export where nothing else says when
    FROM there_subscriptions WHERE retracted IS NOT true AND kind IN ('cancelled', 'ended')
    QUALIFY row_number() OVER (PARTITION BY subscription_id, kind ORDER BY event_at DESC) = 1
)
SELECT b.customer_id, b.began AS event_at, greatest(b.began, coalesce(b.created_at, b.began)) AS known_at,
       b.id AS subscription_id, 'started' AS kind, NULL::TIMESTAMPTZ AS effective_at, c.product, c.billing,
       c.quantity, c.unit_price, b.contract_end AS commitment_ends_at, b.trial_start IS NOT NULL AS is_trial,
       NULL::BOOLEAN AS retracted
FROM began AS b LEFT JOIN changed AS c ON c.id = b.id AND c.nth = 1
UNION ALL
SELECT customer_id, seen_at, seen_at, id, 'quantity_changed', NULL, product, billing, quantity,
       unit_price, NULL, NULL, NULL
FROM changed WHERE nth > 1 AND is_change AND unit_price IS NOT NULL
UNION ALL
SELECT b.customer_id, coalesce(cancel_schedule_created_at, seen_at), coalesce(cancel_schedule_created_at, seen_at),
       id, 'cancelled', cancelled_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM began AS b LEFT JOIN told AS t ON t.subscription_id = b.id AND t.kind = 'cancelled'
WHERE status = 'non_renewing' AND cancelled_at IS NOT NULL
  AND (cancel_schedule_created_at IS NOT NULL OR t.effective_at IS DISTINCT FROM cancelled_at)
UNION ALL
SELECT b.customer_id, coalesce(cancelled_at, seen_at), coalesce(cancelled_at, seen_at), id, 'ended', NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM began AS b LEFT JOIN told AS t ON t.subscription_id = b.id AND t.kind = 'ended'
WHERE status IN ('cancelled', 'transferred') AND (cancelled_at IS NOT NULL OR t.kind IS NULL)
UNION ALL  -- it goes on after all
SELECT t.customer_id, t.event_at, s.seen_at, s.id, t.kind, t.effective_at, NULL, NULL, NULL, NULL, NULL, NULL, true
FROM there_subscriptions AS t JOIN last_subscription AS s ON s.id = t.subscription_id
WHERE t.retracted IS NOT true AND s.seen_at >= t.known_at AND s.status NOT IN ('cancelled', 'transferred')
  AND (t.kind = 'ended' OR t.kind = 'cancelled' AND s.status <> 'non_renewing')
