-- An entry that takes debts away becomes parts: one for each debt that it was matched
-- with, from then on, and what it had left until then. A part belongs to who owed.
CREATE TABLE cut AS
    WITH pair AS MATERIALIZED (
        SELECT m.credit, m.debit, sum(m.amount) AS amount, sum(m.credit_amount) AS taken,
               max(greatest(c.known_at, m.matched_at, d.known_at)) AS known_at
        FROM matched AS m JOIN entry AS c ON c.nr = m.credit JOIN entry AS d ON d.nr = m.debit
        WHERE c.kind IN ('payment', 'credit_note', 'write_off') AND d.kind = 'invoice' AND m.amount > 0
        GROUP BY ALL
    )
    FROM pair WHERE credit NOT IN (
        SELECT p.credit FROM (SELECT credit, sum(taken) AS taken FROM pair GROUP BY credit) AS p
        JOIN entry AS e ON e.nr = p.credit WHERE (p.taken <= e.amount) IS NOT TRUE);

CREATE TABLE part AS
    WITH gone AS (  -- taken whole when it became known: it had nothing left at any time
        SELECT t.credit FROM (SELECT credit, sum(taken) AS taken, max(known_at) AS known_at FROM cut GROUP BY credit) AS t
        JOIN entry AS e ON e.nr = t.credit WHERE t.taken = e.amount AND t.known_at = e.known_at
    ), step AS (
        SELECT nr AS credit, known_at, amount AS whole, 0 AS taken
        FROM entry WHERE kind IN ('payment', 'credit_note', 'write_off') AND nr NOT IN (FROM gone)
        UNION ALL SELECT credit, known_at, NULL, taken FROM cut WHERE credit NOT IN (FROM gone)
    ), moved AS (  -- the entry itself is the first step
        SELECT credit, known_at, any_value(whole) AS whole, sum(taken) AS taken FROM step GROUP BY credit, known_at
    ), rest AS (
        SELECT credit, known_at, whole IS NOT NULL AS is_first, taken,
               sum(coalesce(whole, 0) - taken) OVER (PARTITION BY credit ORDER BY known_at) AS amount
        FROM moved
    ), left_over AS (
        SELECT *, CASE WHEN NOT is_first THEN amount + taken END AS before FROM rest WHERE amount > 0 OR before > 0
    )
    SELECT e.kind, e.id, r.credit, e.customer_id, NULL::VARCHAR AS paid_by, e.of AS target,
           CASE WHEN r.amount > 0 THEN r.amount ELSE r.before END AS amount, e.currency, e.event_at, r.known_at,
           e.method, CASE WHEN r.amount <= 0 THEN true END AS retracted
    FROM left_over AS r JOIN entry AS e ON e.nr = r.credit
    UNION ALL
    SELECT e.kind, e.id || ' > ' || d.id, c.credit, d.customer_id,
           CASE WHEN e.customer_id <> d.customer_id THEN e.customer_id END, d.id, c.amount, d.currency,
           e.event_at, c.known_at, e.method, NULL
    FROM cut AS c JOIN entry AS e ON e.nr = c.credit JOIN entry AS d ON d.nr = c.debit;
