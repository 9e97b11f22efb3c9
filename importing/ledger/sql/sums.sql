SELECT b.what, b.currency, sum(b.amount)::DECIMAL(38, 4) AS amount,
       any_value(CASE WHEN b.what = 'receivable' THEN coalesce(g.amount, 0) ELSE 0 END)::DECIMAL(38, 4) AS left_out
FROM balance AS b
LEFT JOIN (SELECT currency, sum(amount) AS amount FROM given_back WHERE payment IS NULL GROUP BY currency) AS g
    ON g.currency = b.currency
GROUP BY b.what, b.currency
