SELECT rule_text(o.rule) AS rule, m.status, m.customer_id, m.invoice_id, m.payment_id, t.booked_on,
       t.direction, m.amount, t.currency, t.end_to_end, t.structured, t.text, t.file, t.row
FROM told AS t JOIN outcome AS o USING (movement_id) JOIN (
    SELECT movement_id, 'received' AS status, customer_id, invoice_id, payment_id, amount FROM received
    UNION ALL
    SELECT movement_id, kind, customer_id, invoice_id, payment_id, undone FROM undoing WHERE kind <> 'undone'
    UNION ALL
    SELECT p.movement_id, 'rejected', p.customer_id, p.invoice_id, p.payment_id, p.amount FROM part AS p
    JOIN told AS t USING (movement_id) WHERE t.kind = 'rejected' AND p.movement_id NOT IN (SELECT movement_id FROM undoing)
    UNION ALL
    SELECT movement_id, 'refund taken back', customer_id, invoice_id, payment_id, amount FROM taken_back
    UNION ALL
    SELECT movement_id, 'received again', customer_id, invoice_id, payment_id, amount FROM standing_again
) AS m USING (movement_id) WHERE o.became = 'taken'
ORDER BY t.file, t.row, m.payment_id
