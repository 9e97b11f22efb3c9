-- Access to a subscription that somebody took or gave back; the API has no reason for it.
SELECT DISTINCT customer_of(tenant) AS customer_id, moment AS event_at, moment AS known_at,
       CASE WHEN status_after = 'suspended' THEN 'suspend' ELSE 'reactivate' END AS action,
       CASE WHEN is_person THEN 'person' ELSE 'automation' END AS by, resource_id AS subscription_id
FROM audit
WHERE is_subscription AND has_succeeded AND tenant IS NOT NULL
  AND (status_after = 'suspended' AND status_before IS DISTINCT FROM 'suspended'
       OR status_after = 'active' AND status_before = 'suspended')
