-- The payments that a refund may have given back, the likeliest first: the payment that
-- it was matched with, then what paid the invoice of that credit note, then the client's
-- others, the last first. What a ledger says goes before what is assumed. What a return
-- took back before is no more to give.
WITH taken_back AS (
    SELECT "of" AS credit, min(event_at) AS at FROM entry WHERE kind = 'return' GROUP BY ALL
), paid AS (
    SELECT p.*, t.at AS taken_back_at
    FROM (FROM part WHERE kind = 'payment'
          QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p
    LEFT JOIN taken_back AS t USING (credit) WHERE p.retracted IS NULL
), share AS (
    SELECT r.id, m.credit, m.amount FROM entry AS r JOIN matched AS m ON m.debit = r.id
    WHERE r.kind = 'refund' AND m.amount > 0
    UNION ALL
    SELECT r.id, NULL, r.amount - coalesce(sum(m.amount), 0)
    FROM entry AS r LEFT JOIN matched AS m ON m.debit = r.id AND m.amount > 0
    WHERE r.kind = 'refund' GROUP BY r.id, r.amount
)
SELECT s.id AS refund, s.credit, s.amount::DECIMAL(18, 4) AS amount, p.id AS payment, p.amount::DECIMAL(18, 4) AS paid
FROM share AS s JOIN entry AS r ON r.id = s.id LEFT JOIN entry AS c ON c.id = s.credit
LEFT JOIN paid AS p ON p.currency = r.currency AND p.event_at <= r.event_at
    AND (p.taken_back_at IS NULL OR p.taken_back_at > r.event_at)
    AND (p.credit = s.credit OR p.customer_id = r.customer_id)
WHERE s.amount > 0
ORDER BY CASE c.kind WHEN 'payment' THEN 0 WHEN 'credit_note' THEN 1 ELSE 2 END, r.event_at, s.id, s.credit,
         CASE WHEN p.id = s.credit THEN 0 WHEN p.credit = s.credit THEN 1 WHEN p.target = c.of THEN 2 ELSE 3 END,
         p.event_at DESC, p.id
