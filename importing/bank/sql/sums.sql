-- The bank's own money by what it is; and of it what was left out.
SELECT what, currency, sum(amount)::DECIMAL(38, 4) AS amount,
       coalesce(sum(amount) FILTER (WHERE became <> 'taken' OR is_refund), 0)::DECIMAL(38, 4) AS left_out
FROM (SELECT CASE kind WHEN 'undone' THEN 'received' WHEN 'sent' THEN 'refunded' ELSE kind END AS what, *,
             key IN (SELECT key FROM taken_back) AS is_refund FROM outcome
      WHERE kind IN ('received', 'undone', 'returned', 'rejected') OR kind = 'sent' AND became = 'taken')
GROUP BY what, currency
