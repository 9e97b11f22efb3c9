SELECT m.became AS why, t.booked_on, t.direction, m.amount, t.currency, t.end_to_end, t.structured, t.ids, t.text, t.code,
       t.reason, t.file, t.row
FROM told AS t JOIN (
    SELECT movement_id, became, amount FROM outcome WHERE became NOT IN ('taken', 'our own payment', 'accepted', 'apart')
    UNION ALL
    SELECT movement_id, 'a part of it', amount FROM left_part
) AS m USING (movement_id)
ORDER BY why, booked_on, file, row
