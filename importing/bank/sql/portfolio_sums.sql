SELECT CASE status WHEN 'succeeded' THEN 'received' WHEN 'failed' THEN 'rejected' ELSE status END AS what,
       currency, sum(amount) AS amount
FROM made_payments WHERE status <> 'pending' AND retracted IS DISTINCT FROM true GROUP BY what, currency
