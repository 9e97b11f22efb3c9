SELECT userid::VARCHAR AS customer_id, happened_at AS event_at, happened_at AS known_at,
       id::VARCHAR AS payment_id, 'succeeded' AS status, amountin AS amount,
       method_of(gateway) AS method, invoice_id, NULL::VARCHAR AS refund_id, currency
FROM taken
UNION ALL
SELECT t.userid::VARCHAR, r.returned_at, r.returned_at, t.id::VARCHAR, 'returned', t.amountin,
       method_of(t.gateway), t.invoice_id, NULL, t.currency
FROM returned AS r JOIN taken AS t USING (id)
UNION ALL
SELECT userid::VARCHAR, happened_at, happened_at, payment::VARCHAR, 'refunded', amountout,
       method_of(gateway), invoice_id, id::VARCHAR, currency
FROM given_back WHERE payment IS NOT NULL AND payment NOT IN (SELECT id FROM returned)
UNION ALL  -- the provider has not said yet whether it has the money
SELECT userid::VARCHAR, coalesce(updated_at, export.moment), coalesce(updated_at, export.moment),
       id || ':pending', 'pending', open, method_of(paymentmethod), id::VARCHAR, NULL, currency
FROM balance, export WHERE status = 'Payment Pending' AND open > 0
