-- The payments that a refund may have given back, the likeliest first: the payment that
-- it was matched with, then what paid the invoice of that credit note, then the client's
-- others, the last first. What a ledger says goes before what is assumed. What a return
-- took back before is no more to give.
WITH share AS (
    SELECT r.id, r.customer_id, r.currency, r.event_at, m.credit, m.amount
    FROM entry AS r JOIN matched AS m ON m.debit = r.nr
    WHERE r.kind = 'refund' AND m.amount > 0
    UNION ALL
    SELECT r.id, r.customer_id, r.currency, r.event_at, NULL, r.amount - coalesce(sum(m.amount), 0) AS rest
    FROM entry AS r LEFT JOIN matched AS m ON m.debit = r.nr AND m.amount > 0
    WHERE r.kind = 'refund' GROUP BY r.id, r.customer_id, r.currency, r.event_at, r.amount
    HAVING rest > 0
), taken_back AS (
    SELECT p.nr AS credit, min(r.event_at) AS at FROM entry AS r JOIN entry AS p ON p.id = r.of
    WHERE r.kind = 'return' GROUP BY ALL
), paid AS (
    SELECT p.*, t.at AS taken_back_at
    FROM (FROM part WHERE kind = 'payment'
              AND (customer_id IN (SELECT customer_id FROM share) OR credit IN (SELECT credit FROM share))
          QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p
    LEFT JOIN taken_back AS t USING (credit) WHERE p.retracted IS NULL
), fitting AS (  -- in two steps: either condition alone can be looked up
    SELECT s.id AS refund, s.credit AS matched_with, s.currency AS refunded_in, s.event_at AS refunded_at, p.*
    FROM share AS s JOIN paid AS p ON p.credit = s.credit
    UNION
    SELECT s.id, s.credit, s.currency, s.event_at, p.* FROM share AS s JOIN paid AS p ON p.customer_id = s.customer_id
)
SELECT s.id AS refund, c.id AS credit, s.amount::DECIMAL(18, 4) AS amount, p.id AS payment, p.amount::DECIMAL(18, 4) AS paid
FROM share AS s LEFT JOIN entry AS c ON c.nr = s.credit
LEFT JOIN fitting AS p ON p.refund = s.id AND p.matched_with IS NOT DISTINCT FROM s.credit
    AND p.currency = p.refunded_in AND p.event_at <= p.refunded_at
    AND (p.taken_back_at IS NULL OR p.taken_back_at > p.refunded_at)
ORDER BY CASE c.kind WHEN 'payment' THEN 0 WHEN 'credit_note' THEN 1 ELSE 2 END, s.event_at, s.id, c.id,
         CASE WHEN p.id = c.id THEN 0 WHEN p.credit = s.credit THEN 1 WHEN p.target = c.of THEN 2 ELSE 3 END,
         p.event_at DESC, p.id
