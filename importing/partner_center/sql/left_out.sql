-- Whose each row is that could not be read: its tenant's.
SELECT CASE s.kind WHEN 'usage_line' THEN 'usage' WHEN 'license_line' THEN 'subscriptions' WHEN 'subscription' THEN 'subscriptions'
           WHEN 'security_alert' THEN 'alerts' WHEN 'fraud_event' THEN 'alerts' WHEN 'audit_record' THEN 'actions'
           ELSE 'customers' END AS table_name,
       coalesce(own_customer, tenant) AS customer_id, kind, id, file, row
FROM (SELECT *, id_of(coalesce(data ->> 'customertenantid', data ->> 'customerid', data ->> 'tenantid')) AS tenant FROM strange) AS s
LEFT JOIN own ON own_tenant = tenant
