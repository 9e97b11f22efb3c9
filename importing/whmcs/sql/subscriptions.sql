WITH service AS (
    SELECT h.*, service_state(h.domainstatus) AS state, TRY_CAST(months_of(h.billingcycle) AS INTEGER) AS months,
           coalesce(p.name, 'product ' || h.packageid) AS product
    FROM tblhosting AS h JOIN client AS c ON c.id = h.userid LEFT JOIN tblproducts AS p ON p.id = h.packageid
)
SELECT userid::VARCHAR AS customer_id, end_of_day(regdate) AS event_at, end_of_day(regdate) AS known_at,
       id::VARCHAR AS subscription_id, 'started' AS kind, product,
       CASE WHEN months IS NOT NULL THEN 'license' END AS billing, 1.0 AS quantity,
       (amount / months)::DECIMAL(18, 4) AS unit_price
FROM service WHERE state IS NOT NULL
UNION ALL
SELECT userid::VARCHAR, ended_at, ended_at, id::VARCHAR, 'ended', product, NULL, NULL, NULL
FROM (SELECT *, least(coalesce(end_of_day(termination_date), export.moment), export.moment) AS ended_at
      FROM service, export WHERE state = 'ended')
