-- Licences by their charges. The reseller ordered them, so what happened was known then.
WITH charged AS (
    SELECT *, CASE WHEN kind <> 'ended' THEN quantity END AS seats
    FROM license_day WHERE kind IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY tenant, subscription_id, kind, day ORDER BY period DESC) = 1
), known AS (
    SELECT customer_of(c.tenant) AS customer_id, c.*, export.moment AS exported,
           least(end_of(creationdate), export.moment) AS began,
           greatest(end_of(creationdate), end_of(coalesce(effectivestartdate, creationdate))) AS took_effect
    FROM contract AS c, export WHERE c.tenant IS NOT NULL
), told AS (  -- of these the files of invoices, or an earlier import, told the beginning
    SELECT subscription_id FROM license_day
    UNION SELECT t.subscription_id FROM there_subscriptions AS t JOIN contract AS c USING (subscription_id)
    WHERE t.kind = 'started' AND t.event_at <> least(end_of(c.creationdate), (SELECT moment FROM export))
)
SELECT customer_of(tenant) AS customer_id, end_of(day) AS event_at, end_of(day) AS known_at, subscription_id, kind,
       NULL::TIMESTAMPTZ AS effective_at, CASE WHEN kind IN ('started', 'renewed') THEN product END AS product,
       CASE WHEN kind IN ('started', 'renewed') THEN 'license' END AS billing, seats::DOUBLE AS quantity,
       monthly::DECIMAL(18, 4) AS unit_price,
       CASE WHEN kind <> 'ended' THEN end_of(term_ends) END AS commitment_ends_at,
       CASE WHEN kind IN ('started', 'renewed') THEN term_begins + INTERVAL 7 DAY END AS cancel_window_ends_at,
       CASE WHEN kind IN ('started', 'renewed') THEN is_trial END AS is_trial, NULL::BOOLEAN AS retracted
FROM charged
UNION ALL
SELECT customer_of(tenant), end_of(term_begins), end_of(term_begins), subscription_id,
       CASE WHEN is_first THEN 'started' ELSE 'renewed' END, NULL, product, 'license', NULL, NULL,
       end_of(term_ends), term_begins + INTERVAL 7 DAY, is_trial, NULL
FROM term WHERE NOT is_told
UNION ALL
SELECT customer_id, end_of(term_ends), greatest(export.moment, end_of(term_ends)), subscription_id, 'ended',
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM lapsed, export
UNION ALL
SELECT customer_of(tenant), end_of(day), end_of(day), subscription_id, 'started', NULL, product, 'usage', NULL, NULL,
       NULL, NULL, NULL, NULL
FROM metered WHERE subscription_id NOT IN (SELECT subscription_id FROM contract)
UNION ALL  -- the API: what it says today is known since today
SELECT customer_id, began, began, subscription_id, 'started', NULL, offername,
       CASE WHEN lower(billingtype) IN ('license', 'usage') THEN lower(billingtype) END, NULL, NULL, NULL, NULL, istrial, NULL
FROM known WHERE subscription_id NOT IN (SELECT subscription_id FROM told)
UNION ALL
SELECT customer_id, took_effect, greatest(exported, took_effect), subscription_id, 'quantity_changed', NULL, NULL, NULL,
       quantity::DOUBLE, NULL, end_of(commitmentenddate), cancellationalloweduntildate, NULL, NULL
FROM known WHERE subscription_id NOT IN (SELECT subscription_id FROM license_day)
UNION ALL  -- will not renew itself
SELECT customer_id, took_effect, greatest(exported, took_effect), subscription_id, 'cancelled', end_of(commitmentenddate),
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM known
WHERE NOT autorenewenabled AND subscription_state(status) = 'live' AND lower(billingtype) = 'license'
  AND commitmentenddate > exported AND commitmentenddate < TIMESTAMPTZ '2200-01-01'
UNION ALL  -- will renew itself again
SELECT k.customer_id, t.event_at, k.exported, k.subscription_id, 'cancelled', t.effective_at,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, true
FROM known AS k JOIN there_subscriptions AS t USING (customer_id, subscription_id)
WHERE t.kind = 'cancelled' AND t.retracted IS NOT true AND k.autorenewenabled AND subscription_state(k.status) = 'live'
UNION ALL
SELECT customer_id, least(end_of(commitmentenddate), exported), exported, subscription_id, 'ended', NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL
FROM known
WHERE subscription_state(status) = 'ended' AND subscription_id NOT IN (
    SELECT subscription_id FROM there_subscriptions GROUP BY ALL HAVING arg_max(kind, event_at) = 'ended')
