WITH known AS (
    FROM client UNION ALL BY NAME
    SELECT customer_id AS id, min(known_at) AS created_at FROM entry
    WHERE customer_id NOT IN (SELECT id FROM client) GROUP BY customer_id
)
SELECT id AS customer_id, created_at AS event_at, created_at AS known_at, created_at,
       NULL::VARCHAR AS subject_kind, NULL::VARCHAR AS country, NULL::VARCHAR AS segment
FROM known
UNION ALL  -- what is said of a customer today is known since today
SELECT id, export.moment, export.moment, created_at, subject_kind, country, segment FROM known, export
