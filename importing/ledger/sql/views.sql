CREATE TABLE given_back AS
    SELECT s.refund, s.refund || coalesce(' > ' || s.credit, '') AS refund_id,
           coalesce(p.customer_id, r.customer_id) AS customer_id, s.payment, s.amount, r.currency, r.event_at,
           r.known_at, r.method
    FROM spread AS s JOIN entry AS r ON r.id = s.refund
    LEFT JOIN (FROM part WHERE kind = 'payment' AND id IN (SELECT payment FROM spread)
               QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p ON p.id = s.payment;

CREATE TABLE came_back AS
    SELECT p.id AS payment, p.customer_id, p.amount, p.currency, r.event_at, r.known_at, p.method, p.target
    FROM entry AS r JOIN entry AS c ON c.id = r.of
    JOIN (FROM part WHERE kind = 'payment' AND credit IN (
              SELECT nr FROM entry WHERE id IN (SELECT "of" FROM entry WHERE kind = 'return'))
          QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p ON p.credit = c.nr
    WHERE r.kind = 'return' AND p.retracted IS NULL
    QUALIFY row_number() OVER (PARTITION BY p.id ORDER BY r.known_at DESC) = 1;

-- What an earlier import brought of a document that stands in these files again.
CREATE TABLE told_again AS
    WITH there AS (
        SELECT invoice_id AS id FROM there_invoices UNION SELECT coalesce(refund_id, payment_id) FROM there_payments
    ), named AS (
        SELECT id, split_part(split_part(id, ' > ', 1), ':', 1) AS document FROM there
    ), known AS (
        SELECT id FROM seen WHERE id IN (SELECT document FROM named)
    ), gone AS (
        SELECT t.*, row_number() OVER (PARTITION BY t.customer_id, t.event_at, t.amount, t.kind ORDER BY t.invoice_id) AS nth
        FROM there_invoices AS t JOIN named AS n ON n.id = t.invoice_id
        WHERE n.document NOT IN (FROM known) AND t.retracted IS NOT true
    ), added AS (
        SELECT customer_id, event_at, amount, kind,
               row_number() OVER (PARTITION BY customer_id, event_at, amount, kind ORDER BY id) AS nth
        FROM entry WHERE (customer_id, event_at, amount, kind) IN (SELECT (customer_id, event_at, amount, kind) FROM gone)
            AND split_part(id, ':', 1) NOT IN (SELECT document FROM named)
    )
    SELECT id FROM named WHERE document IN (FROM known)
    UNION ALL  -- renumbered: the same moment, customer and sum under a number that is new, one for one
    SELECT invoice_id FROM gone JOIN added USING (customer_id, event_at, amount, kind, nth);
