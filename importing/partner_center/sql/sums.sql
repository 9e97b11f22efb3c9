-- Usage as the lines have it, but for what rounding each day's sum to four places moves.
-- What Microsoft charges for licences becomes no row: it is no invoice of a customer.
WITH line AS (
    SELECT upper(billingcurrency) AS currency, sum(billingpretaxtotal) AS cost FROM usage_line GROUP BY ALL
), day AS (
    SELECT currency, sum(cost) AS cost, sum(cost_here)::DECIMAL(38, 4) AS cost_here,
           coalesce(sum(cost_here) FILTER (WHERE NOT is_counted), 0)::DECIMAL(38, 4) AS left_out
    FROM usage_day GROUP BY ALL
)
SELECT 'usage' AS what, (SELECT currency FROM rate WHERE is_main) AS currency,
       sum(in_portfolio(line.cost - coalesce(day.cost, 0), rate) + coalesce(cost_here, 0))::DECIMAL(38, 4) AS amount,
       coalesce(sum(left_out), 0)::DECIMAL(38, 4) AS left_out
FROM line JOIN rate USING (currency) LEFT JOIN day USING (currency) HAVING count(*) > 0
UNION ALL
SELECT 'charged to you', upper(currency), sum(subtotal)::DECIMAL(38, 4), sum(subtotal)::DECIMAL(38, 4)
FROM license_line GROUP BY ALL
