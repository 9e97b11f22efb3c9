-- Access that overdue enforcement took or gave back, of an account or of one subscription.
WITH owner AS (
    SELECT id, id AS account_id, NULL AS subscription_id FROM accounts
    UNION ALL SELECT id, account_id, NULL FROM bundles
    UNION ALL SELECT s.id, b.account_id, s.id FROM subscriptions AS s JOIN bundles AS b ON b.id = s.bundle_id
), state AS (
    SELECT s.*, owner.account_id, owner.subscription_id,
           lag(block_entitlement, 1, false) OVER (
               PARTITION BY blockable_id, service ORDER BY s.effective_date, s.created_date
           ) AS was_blocked
    FROM blocking_states AS s JOIN owner ON owner.id = s.blockable_id
    WHERE s.service = 'overdue-service' AND coalesce(s.is_active, true)
)
SELECT account_id AS customer_id, effective_date AS event_at,
       greatest(effective_date, coalesce(created_date, effective_date)) AS known_at,
       CASE WHEN block_entitlement THEN 'suspend' ELSE 'reactivate' END AS action,
       'nonpayment' AS reason, 'automation' AS by, subscription_id
FROM state, export
WHERE block_entitlement IS DISTINCT FROM was_blocked AND effective_date <= export.moment
