-- An entry that takes debts away becomes parts: one for each debt that it was matched
-- with, from then on, and what it had left until then. A part belongs to who owed.
CREATE TABLE cut AS
    WITH pair AS MATERIALIZED (
        SELECT m.credit, m.debit, d.customer_id, d.currency, sum(m.amount) AS amount,
               sum(m.credit_amount) AS taken, max(greatest(c.known_at, m.matched_at, d.known_at)) AS known_at
        FROM matched AS m JOIN entry AS c ON c.id = m.credit JOIN entry AS d ON d.id = m.debit
        WHERE c.kind IN ('payment', 'credit_note', 'write_off') AND d.kind = 'invoice' AND m.amount > 0
        GROUP BY ALL
    )
    FROM pair WHERE credit NOT IN (
        SELECT p.credit FROM pair AS p JOIN entry AS e ON e.id = p.credit
        GROUP BY p.credit, e.amount HAVING (sum(p.taken) <= e.amount) IS NOT TRUE);

CREATE TABLE part AS
    WITH step AS (
        SELECT id AS credit, known_at, amount AS whole, 0 AS taken
        FROM entry WHERE kind IN ('payment', 'credit_note', 'write_off')
        UNION ALL SELECT credit, known_at, NULL, taken FROM cut
    ), moved AS (  -- the entry itself is the first step
        SELECT credit, known_at, any_value(whole) AS whole, sum(taken) AS taken FROM step GROUP BY credit, known_at
    ), rest AS (
        SELECT credit, known_at, whole IS NOT NULL AS is_first, taken,
               sum(coalesce(whole, 0) - taken) OVER (PARTITION BY credit ORDER BY known_at) AS amount
        FROM moved
    ), left_over AS (
        SELECT *, CASE WHEN NOT is_first THEN amount + taken END AS before FROM rest WHERE amount > 0 OR before > 0
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
