SELECT id AS customer_id, created_date AS event_at, created_date AS known_at,
       created_date AS created_at, NULL::VARCHAR AS country, NULL::BOOLEAN AS is_auto_pay
FROM accounts
UNION ALL  -- what the account says today is known since today
SELECT a.id, export.moment, export.moment, a.created_date, a.country,
       a.payment_method_id IS NOT NULL AND a.id NOT IN (
           SELECT object_id FROM tags WHERE tag_definition_id = '00000000-0000-0000-0000-000000000001'
           AND coalesce(is_active, true))
FROM accounts AS a, export
