SELECT id::VARCHAR AS customer_id, created_at AS event_at, created_at AS known_at, created_at,
       NULL::VARCHAR AS country
FROM client
UNION ALL  -- what the client says today is known since today
SELECT id::VARCHAR, export.moment, export.moment, created_at, country FROM client, export
