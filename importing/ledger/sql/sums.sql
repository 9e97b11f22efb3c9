SELECT b.what, b.currency, sum(b.amount)::DECIMAL(38, 4) AS amount,
       any_value(CASE WHEN b.what = 'receivable' THEN coalesce(g.amount, 0) ELSE 0 END)::DECIMAL(38, 4) AS left_out
FROM (
    FROM balance
    -- what took a debt away in another currency counts in the currency of the debt
    UNION ALL
    SELECT 'receivable', unnest([e.currency, d.currency]), unnest([c.taken, -c.amount])
    FROM cut AS c JOIN entry AS e ON e.nr = c.credit JOIN entry AS d ON d.nr = c.debit WHERE e.currency <> d.currency
) AS b
LEFT JOIN (SELECT currency, sum(amount) AS amount FROM given_back WHERE payment IS NULL GROUP BY currency) AS g
    ON g.currency = b.currency
GROUP BY b.what, b.currency
