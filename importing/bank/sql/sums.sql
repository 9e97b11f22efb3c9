-- The bank's own money by what it is; and of it what was left out.
SELECT what, currency, sum(amount)::DECIMAL(38, 4) AS amount,
       sum(CASE WHEN became <> 'taken' THEN amount ELSE refunded + others END)::DECIMAL(38, 4) AS left_out
FROM (SELECT CASE o.kind WHEN 'undone' THEN 'received' WHEN 'sent' THEN 'refunded' ELSE o.kind END AS what,
             o.currency, o.amount, o.became, coalesce(b.amount, 0) AS refunded, coalesce(l.amount, 0) AS others
      FROM outcome AS o
      LEFT JOIN (SELECT movement_id, sum(amount) AS amount FROM taken_back GROUP BY movement_id) AS b USING (movement_id)
      LEFT JOIN (SELECT movement_id, sum(amount) AS amount FROM left_part GROUP BY movement_id) AS l USING (movement_id)
      WHERE o.kind IN ('received', 'undone', 'returned', 'rejected') OR o.kind = 'sent' AND o.became = 'taken')
GROUP BY what, currency
