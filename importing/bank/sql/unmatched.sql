SELECT became AS why, booked_on, direction, amount, currency, end_to_end, structured, ids, text, code,
       reason, file, row
FROM (SELECT * FROM outcome WHERE became NOT IN ('taken', 'our own payment', 'accepted', 'apart')
      UNION ALL
      SELECT o.* REPLACE (l.amount AS amount, 'a part of it' AS became)
      FROM left_part AS l JOIN outcome AS o USING (movement_id))
ORDER BY why, booked_on, file, row
