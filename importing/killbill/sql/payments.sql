-- Each transaction is a payment of its own: a retry is another one. One that was pending
-- was under way from its beginning to its last change.
WITH ended AS NOT MATERIALIZED (
    SELECT *, CASE WHEN state <> 'pending' AND updated_date > began + INTERVAL 1 MINUTE
                   THEN updated_date ELSE began END AS known,
           state <> 'pending' AND updated_date > began + INTERVAL 1 MINUTE AS was_pending
    FROM transaction
)
SELECT account_id AS customer_id, known AS event_at, known AS known_at, id AS payment_id,
       state AS status, paid::DECIMAL(18, 4) AS amount,
       CASE WHEN plugin_name = '__EXTERNAL_PAYMENT__' THEN 'other' END AS method, invoice_id,
       CASE WHEN state = 'failed' THEN lower(gateway_error_code) END AS failure_code,
       NULL::VARCHAR AS refund_id, upper(money) AS currency
FROM ended WHERE kind = 'payment' AND paid IS NOT NULL
UNION ALL
SELECT account_id, began, began, id, 'pending', paid::DECIMAL(18, 4), NULL, invoice_id, NULL, NULL,
       upper(money)
FROM ended WHERE kind = 'payment' AND was_pending AND paid IS NOT NULL
UNION ALL
SELECT e.account_id, e.known, e.known, taken.id, 'refunded', e.paid::DECIMAL(18, 4), NULL,
       e.invoice_id, NULL, e.id, upper(e.money)
FROM ended AS e JOIN taken USING (payment_id)
WHERE e.kind = 'refund' AND e.state = 'succeeded' AND e.paid IS NOT NULL
