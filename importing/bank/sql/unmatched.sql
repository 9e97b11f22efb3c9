SELECT became AS why, booked_on, direction, amount, currency, end_to_end, structured, ids, text, code,
       reason, file, row
FROM outcome
WHERE became NOT IN ('taken', 'our own payment', 'accepted', 'apart')
ORDER BY why, booked_on, file, row
