SELECT DISTINCT customer_of(tenant) AS customer_id, moment AS event_at, moment AS known_at,
       access_kind(operation) AS kind
FROM audit
WHERE has_succeeded AND tenant IS NOT NULL
  AND access_kind(operation) IN ('sign_up', 'password_reset', 'role_changed', 'quota_requested')
