SELECT object_id AS customer_id, created_date AS event_at, created_date AS known_at,
       'exemption' AS kind, CASE WHEN NOT is_active THEN updated_date END AS until,
       'OVERDUE_ENFORCEMENT_OFF' AS reason
FROM tags
WHERE tag_definition_id = '00000000-0000-0000-0000-000000000003' AND object_type = 'ACCOUNT'
