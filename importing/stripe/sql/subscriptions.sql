-- One row for the start, each change that events tell of, the notice and the end. The
-- items of a subscription count together, per 30 days, in the portfolio's currency.
WITH seen AS (  -- pages overlap, and of two events of one second one state counts
    FROM subscription WHERE status NOT IN ('incomplete', 'incomplete_expired')
    QUALIFY row_number() OVER (PARTITION BY id, seen_at ORDER BY file DESC, row DESC) = 1
), item AS (
    SELECT id, seen_at, customer, entry.quantity AS quantity, entry.price AS price
    FROM (SELECT id, seen_at, customer, unnest("items".data) AS entry FROM seen)
), priced AS (
    SELECT *, coalesce(TRY_CAST(price.unit_amount_decimal AS DOUBLE), price.unit_amount)
              * CASE price.recurring."interval" WHEN 'day' THEN 30.0 WHEN 'week' THEN 30.0 / 7
                     WHEN 'month' THEN 1.0 WHEN 'year' THEN 1.0 / 12 END
              / coalesce(price.recurring.interval_count, 1) AS monthly,
           price.recurring.usage_type = 'metered' AS is_metered, rate
    FROM item LEFT JOIN rate ON rate.currency = upper(price.currency)
), summed AS (
    SELECT id, seen_at, customer, count(*) AS n, any_value(price.product) AS product,
           bool_and(is_metered) AS is_usage,
           in_major(sum(CASE WHEN is_metered THEN 0 ELSE monthly * coalesce(quantity, 1) END),
                    any_value(price.currency)) * any_value(rate) AS total,
           in_major(any_value(monthly), any_value(price.currency)) * any_value(rate) AS each, any_value(quantity) AS quantity
    FROM priced GROUP BY ALL
), version AS (
    SELECT id, seen_at, customer, id_of(product) AS product,
           CASE WHEN is_usage THEN 'usage' ELSE 'license' END AS billing,
           CASE WHEN is_usage THEN NULL WHEN n = 1 THEN coalesce(quantity, 1) ELSE 1 END AS quantity,
           CASE WHEN is_usage THEN NULL WHEN n = 1 THEN each ELSE total END::DECIMAL(18, 4) AS unit_price
    FROM summed
), changed AS (
    SELECT *, row_number() OVER known AS nth,
           lag((product, billing, quantity, unit_price)) OVER known
               IS DISTINCT FROM (product, billing, quantity, unit_price) AS is_change
    FROM version WINDOW known AS (PARTITION BY id ORDER BY seen_at)
), state AS (
    SELECT id, arg_max(customer, seen_at) AS customer, min(created) AS created,
           arg_max(start_date, seen_at) AS start_date, arg_max(canceled_at, seen_at) AS canceled_at,
           arg_max(coalesce(cancel_at, ended_at,
                            CASE WHEN cancel_at_period_end THEN coalesce(current_period_end,
                                 "items".data[1].current_period_end) END), seen_at) AS ends_at,
           arg_max(ended_at, seen_at) AS ended_at,
           arg_min(status, seen_at) = 'trialing' AS is_trial
    FROM seen GROUP BY id
), moment AS (
    SELECT s.id, s.customer, s.created, 'started' AS kind,
           least(s.created, coalesce(s.start_date, s.created)) AS happened,
           CASE WHEN s.start_date > s.created THEN s.start_date END AS effective, is_trial
    FROM state AS s
    UNION ALL SELECT id, customer, created, 'cancelled', canceled_at, ends_at, NULL FROM state
              WHERE canceled_at IS NOT NULL
    UNION ALL SELECT id, customer, created, 'ended', ended_at, NULL, NULL FROM state
              WHERE ended_at IS NOT NULL
)
SELECT m.customer AS customer_id, to_timestamp(m.happened) AS event_at,
       to_timestamp(greatest(m.happened, m.created)) AS known_at, m.id AS subscription_id, m.kind,
       to_timestamp(m.effective) AS effective_at, v.product, v.billing, v.quantity,
       v.unit_price, m.is_trial
FROM moment AS m LEFT JOIN changed AS v ON v.id = m.id AND v.nth = 1 AND m.kind = 'started'
UNION ALL
SELECT customer, seen_at, seen_at, id, 'quantity_changed', NULL, product, billing, quantity,
       unit_price, NULL
FROM changed WHERE nth > 1 AND is_change
