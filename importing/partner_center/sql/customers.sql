-- Customers that the portfolio does not have yet: those of the reseller's own billing
-- know more. The country is that of the latest line, known since the export.
WITH seen AS (
    SELECT tenant, end_of(day) AS moment FROM usage_day
    UNION ALL SELECT tenant, end_of(least(day, term_begins)) FROM license_day
    UNION ALL SELECT tenant, creationdate FROM contract
    UNION ALL SELECT tenant, detected FROM alert WHERE NOT is_test
    UNION ALL SELECT tenant, moment FROM audit
    UNION ALL SELECT id_of(id), NULL FROM customer
), place AS (
    SELECT id_of(customerid) AS tenant, customercountry AS country, usagedate AS moment FROM usage_line
    UNION ALL SELECT id_of(customerid), customercountry, orderdate FROM license_line
    UNION ALL
    SELECT id_of(id), coalesce(json_extract_string(billingprofile, '$.defaultAddress.country'),
                               json_extract_string(billingprofile, '$.DefaultAddress.Country')), export.moment
    FROM customer, export
), named AS (
    SELECT tenant, customer_of(tenant) AS customer_id, min(seen.moment) AS moment FROM seen
    WHERE tenant IS NOT NULL GROUP BY ALL
), first_seen AS (
    SELECT customer_id, least(coalesce(min(named.moment), export.moment), export.moment) AS moment
    FROM named CROSS JOIN export WHERE customer_id NOT IN (SELECT customer_id FROM there_customers)
    GROUP BY customer_id, export.moment
)
SELECT customer_id, moment AS event_at, moment AS known_at, NULL::VARCHAR AS country FROM first_seen
UNION ALL
SELECT customer_id, export.moment, export.moment, upper(max_by(country, place.moment))
FROM named JOIN place USING (tenant) CROSS JOIN export
WHERE country IS NOT NULL AND customer_id IN (SELECT customer_id FROM first_seen) GROUP BY ALL
