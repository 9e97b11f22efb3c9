SELECT userid::VARCHAR AS customer_id, happened_at AS event_at, happened_at AS known_at,
       id::VARCHAR AS payment_id, 'succeeded' AS status, amountin AS amount,
       method_of(gateway) AS method, invoice_id, NULL::VARCHAR AS refund_id, currency,
       NULL::BOOLEAN AS retracted
FROM taken
UNION ALL
SELECT t.userid::VARCHAR, r.returned_at, r.returned_at, t.id::VARCHAR, 'returned', t.amountin,
       method_of(t.gateway), t.invoice_id, NULL, t.currency, NULL
FROM returned AS r JOIN taken AS t USING (id)
UNION ALL
SELECT userid::VARCHAR, happened_at, happened_at, payment::VARCHAR, 'refunded', amountout,
       method_of(gateway), invoice_id, id::VARCHAR, currency, NULL
FROM given_back WHERE payment IS NOT NULL AND payment NOT IN (SELECT id FROM returned)
UNION ALL
SELECT userid::VARCHAR, coalesce(paid_at, export.moment), coalesce(paid_at, export.moment), id || ':paid', 'succeeded', rest,
       'other', CASE WHEN is_bill THEN id::VARCHAR END, NULL, currency, NULL
FROM paid_apart, export
UNION ALL  -- it is asked for again, or has transactions now
SELECT t.customer_id, t.event_at, export.moment, t.payment_id, t.status, t.amount, t.method, t.invoice_id, NULL,
       t.currency, true
FROM there_payments AS t JOIN document AS d ON t.payment_id = d.id || ':paid', export
WHERE d.id NOT IN (SELECT id FROM paid_apart) AND NOT coalesce(t.retracted, false)
UNION ALL  -- the provider has not said yet whether it has the money
SELECT userid::VARCHAR, coalesce(moment_of(updated_at), export.moment), coalesce(moment_of(updated_at), export.moment),
       id || ':pending', 'pending', open, method_of(paymentmethod), id::VARCHAR, NULL, currency, NULL
FROM balance, export WHERE status = 'Payment Pending' AND open > 0
UNION ALL  -- it has said so
SELECT t.customer_id, t.event_at, export.moment, t.payment_id, t.status, t.amount, t.method, t.invoice_id, NULL,
       t.currency, true
FROM there_payments AS t JOIN document AS d ON t.payment_id = d.id || ':pending', export
WHERE d.status IS DISTINCT FROM 'Payment Pending' AND NOT coalesce(t.retracted, false)
