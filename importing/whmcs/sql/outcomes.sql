-- An order in state Fraud: by a person, or by a module that checked it.
SELECT o.userid::VARCHAR AS customer_id, moment_of(o.date) AS event_at, export.moment AS known_at, 'fraud' AS kind,
       'order ' || o.id AS source,
       CASE WHEN coalesce(o.fraudmodule, '') = '' THEN 'analyst' ELSE 'warning' END AS strength,
       NULL::BOOLEAN AS retracted
FROM tblorders AS o JOIN client AS c ON c.id = o.userid, export WHERE order_state(o.status) = 'fraud'
UNION ALL  -- somebody set it back
SELECT t.customer_id, t.event_at, export.moment, t.kind, t.source, t.strength, true
FROM there_outcomes AS t JOIN tblorders AS o ON t.source = 'order ' || o.id, export
WHERE t.kind = 'fraud' AND t.retracted IS NOT true AND export.moment >= t.known_at
  AND order_state(o.status) IS DISTINCT FROM 'fraud'
