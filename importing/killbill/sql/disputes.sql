-- A chargeback; its reversal is a failed transaction of the same key that came later.
WITH chargeback AS (
    SELECT t.*, taken.id AS taken_id FROM transaction AS t JOIN taken USING (payment_id)
    WHERE t.kind = 'chargeback'
)
SELECT account_id AS customer_id, began AS event_at, began AS known_at, id AS dispute_id,
       'chargeback_other' AS kind, 'opened' AS status, paid::DECIMAL(18, 4) AS amount, invoice_id,
       taken_id AS payment_id, upper(money) AS currency
FROM chargeback WHERE state = 'succeeded'
UNION ALL
SELECT c.account_id, r.began, r.began, c.id, 'chargeback_other', 'won', c.paid::DECIMAL(18, 4),
       c.invoice_id, c.taken_id, upper(c.money)
FROM chargeback AS c JOIN chargeback AS r
  ON r.payment_id = c.payment_id AND r.chargeback_key = c.chargeback_key
 AND r.state = 'failed' AND r.began > c.began
WHERE c.state = 'succeeded'
