WITH service AS (
    SELECT h.*, service_state(h.domainstatus) AS state, TRY_CAST(months_of(h.billingcycle) AS INTEGER) AS months,
           coalesce(p.name, 'product ' || h.packageid) AS product, rate.rate
    FROM tblhosting AS h JOIN client AS c ON c.id = h.userid LEFT JOIN tblproducts AS p ON p.id = h.packageid
    LEFT JOIN rate ON rate.currency = c.currency
), told AS (
    FROM there_subscriptions WHERE kind = 'ended' AND retracted IS NOT true
)
SELECT userid::VARCHAR AS customer_id, end_of_day(regdate) AS event_at, end_of_day(regdate) AS known_at,
       id::VARCHAR AS subscription_id, 'started' AS kind, product,
       CASE WHEN months IS NOT NULL THEN 'license' END AS billing, 1.0 AS quantity,
       (amount * rate / months)::DECIMAL(18, 4) AS unit_price, NULL::BOOLEAN AS retracted
FROM service WHERE state IS NOT NULL
UNION ALL  -- without a date it ended when an export first said so
SELECT userid::VARCHAR, ended_at, ended_at, id::VARCHAR, 'ended', product, NULL, NULL, NULL, NULL
FROM (SELECT *, least(coalesce(end_of_day(termination_date), export.moment), export.moment) AS ended_at
      FROM service, export WHERE state = 'ended')
WHERE termination_date IS NOT NULL OR id::VARCHAR NOT IN (SELECT subscription_id FROM told)
UNION ALL  -- it goes on after all
SELECT t.customer_id, t.event_at, export.moment, t.subscription_id, t.kind, t.product, NULL, NULL, NULL, true
FROM told AS t JOIN service AS s ON s.id::VARCHAR = t.subscription_id, export
WHERE s.state IS DISTINCT FROM 'ended' AND export.moment >= t.known_at
