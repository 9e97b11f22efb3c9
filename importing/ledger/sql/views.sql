CREATE TABLE given_back AS
    SELECT s.refund, s.refund || coalesce(' > ' || s.credit, '') AS refund_id,
           coalesce(p.customer_id, r.customer_id) AS customer_id, s.payment, s.amount, r.currency, r.event_at,
           r.known_at, r.method
    FROM spread AS s JOIN entry AS r ON r.id = s.refund
    LEFT JOIN (FROM part WHERE kind = 'payment' AND id IN (SELECT payment FROM spread)
               QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p ON p.id = s.payment;

CREATE TABLE came_back AS
    SELECT p.id AS payment, p.customer_id, p.amount, p.currency, r.event_at, r.known_at, p.method, p.target
    FROM entry AS r JOIN (FROM part WHERE kind = 'payment' AND credit IN (SELECT "of" FROM entry WHERE kind = 'return')
                          QUALIFY row_number() OVER (PARTITION BY id ORDER BY known_at DESC) = 1) AS p ON p.credit = r.of
    WHERE r.kind = 'return' AND p.retracted IS NULL
    QUALIFY row_number() OVER (PARTITION BY p.id ORDER BY r.known_at DESC) = 1;
