SELECT 'usage' AS what, (SELECT currency FROM rate WHERE is_main) AS currency, sum(cost)::DECIMAL(38, 4) AS amount
FROM made_usage WHERE retracted IS NULL HAVING count(*) > 0
