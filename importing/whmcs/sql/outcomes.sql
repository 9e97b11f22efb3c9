-- An order in state Fraud: by a person, or by a module that checked it.
SELECT o.userid::VARCHAR AS customer_id, moment_of(o.date) AS event_at, export.moment AS known_at, 'fraud' AS kind,
       'order ' || o.id AS source,
       CASE WHEN coalesce(o.fraudmodule, '') = '' THEN 'analyst' ELSE 'warning' END AS strength
FROM tblorders AS o JOIN client AS c ON c.id = o.userid, export WHERE order_state(o.status) = 'fraud'
