-- A day's usage takes a day to appear.
SELECT customer_of(tenant) AS customer_id, end_of(day) AS event_at,
       least(end_of(day) + INTERVAL 1 DAY, greatest(export.moment, end_of(day))) AS known_at,
       subscription_id, sum(cost_here) AS cost, NULL::BOOLEAN AS retracted
FROM usage_day, export WHERE is_counted GROUP BY ALL
UNION ALL
SELECT customer_id, event_at, moment, subscription_id, cost, true FROM unbilled_before, export
