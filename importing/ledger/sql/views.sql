-- An entry that takes debts away becomes parts: one for each debt that it was matched
-- with, from then on, and what it had left until then. A part belongs to who owed.
CREATE TABLE cut AS
    WITH pair AS (
        SELECT m.credit, m.debit, d.customer_id, d.currency, sum(m.amount) AS amount,
               sum(m.credit_amount) AS taken, max(greatest(c.known_at, m.matched_at, d.known_at)) AS known_at
        FROM matched AS m JOIN entry AS c ON c.id = m.credit JOIN entry AS d ON d.id = m.debit
        WHERE c.kind IN ('payment', 'credit_note', 'write_off') AND d.kind = 'invoice' AND m.amount > 0
        GROUP BY ALL
    )
    SELECT p.* FROM pair AS p JOIN entry AS e ON e.id = p.credit
    QUALIFY sum(p.taken) OVER (PARTITION BY p.credit) <= any_value(e.amount) OVER (PARTITION BY p.credit);

CREATE TABLE part AS
    WITH step AS (
        SELECT id AS credit, known_at, 0 AS taken FROM entry WHERE kind IN ('payment', 'credit_note', 'write_off')
        UNION ALL SELECT credit, known_at, taken FROM cut
    ), rest AS (
        SELECT s.credit, s.known_at, any_value(e.amount) AS whole,
               any_value(e.amount) - sum(sum(s.taken)) OVER (PARTITION BY s.credit ORDER BY s.known_at) AS amount
        FROM step AS s JOIN entry AS e ON e.id = s.credit GROUP BY s.credit, s.known_at
    ), left_over AS (
        SELECT *, lag(amount) OVER (PARTITION BY credit ORDER BY known_at) AS before FROM rest
        QUALIFY amount > 0 OR before > 0
    )
    SELECT e.kind, e.id, e.id AS credit, e.customer_id, NULL::VARCHAR AS paid_by, e.of AS target,
           CASE WHEN r.amount > 0 THEN r.amount ELSE r.before END AS amount, e.currency, e.event_at, r.known_at,
           e.method, CASE WHEN r.amount <= 0 THEN true END AS retracted
    FROM left_over AS r JOIN entry AS e ON e.id = r.credit
    UNION ALL
    SELECT e.kind, e.id || ' > ' || c.debit, e.id, c.customer_id,
           CASE WHEN e.customer_id <> c.customer_id THEN e.customer_id END, c.debit, c.amount, c.currency,
           e.event_at, c.known_at, e.method, NULL
    FROM cut AS c JOIN entry AS e ON e.id = c.credit;

-- The part of a payment that a refund gives back: of the payment that it was matched
-- with, else the last that paid the invoice of that credit note, else the client's last.
CREATE TABLE given_back AS
    WITH paid AS (
        FROM (FROM part WHERE kind = 'payment'
              QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) WHERE retracted IS NULL
    ), share AS (
        SELECT r.id, m.credit, m.amount FROM entry AS r JOIN matched AS m ON m.debit = r.id
        WHERE r.kind = 'refund' AND m.amount > 0
        UNION ALL
        SELECT r.id, NULL, r.amount - coalesce(sum(m.amount), 0)
        FROM entry AS r LEFT JOIN matched AS m ON m.debit = r.id AND m.amount > 0
        WHERE r.kind = 'refund' GROUP BY r.id, r.amount
    ), candidate AS (
        SELECT s.id, s.credit, s.amount, p.id AS payment, p.customer_id,
               CASE WHEN p.id = s.credit THEN 0 WHEN p.credit = s.credit THEN 1
                    WHEN p.target = c.of THEN 2 ELSE 3 END AS distance, p.event_at
        FROM share AS s JOIN entry AS r ON r.id = s.id LEFT JOIN entry AS c ON c.id = s.credit
        LEFT JOIN paid AS p ON p.currency = r.currency AND p.event_at <= r.event_at
            AND (p.credit = s.credit OR p.customer_id = r.customer_id)
        WHERE s.amount > 0
    )
    SELECT c.id AS refund, c.id || coalesce(' > ' || c.credit, '') AS refund_id,
           coalesce(c.customer_id, r.customer_id) AS customer_id, c.payment, c.amount, r.currency, r.event_at,
           r.known_at, r.method
    FROM candidate AS c JOIN entry AS r ON r.id = c.id
    QUALIFY row_number() OVER (PARTITION BY c.id, c.credit ORDER BY c.distance, c.event_at DESC, c.payment) = 1;

CREATE TABLE came_back AS
    SELECT p.id AS payment, p.customer_id, p.amount, p.currency, r.event_at, r.known_at, p.method, p.target
    FROM entry AS r JOIN (FROM part WHERE kind = 'payment'
                          QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p ON p.credit = r.of
    WHERE r.kind = 'return' AND p.retracted IS NULL
    QUALIFY row_number() OVER (PARTITION BY p.id ORDER BY r.known_at DESC) = 1;
