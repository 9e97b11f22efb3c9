SELECT userid::VARCHAR AS customer_id, issued_at AS event_at, known_at,
       id::VARCHAR AS invoice_id, 'invoice' AS kind, amount, due_at, NULL::VARCHAR AS applies_to,
       subscription_id, currency, NULL::BOOLEAN AS retracted
FROM bill
UNION ALL  -- its state as kind: the contract's check refuses the row and protects the client
SELECT userid::VARCHAR, issued_at, known_at, id::VARCHAR, state, abs(amount), due_at, NULL, subscription_id, currency, NULL
FROM document WHERE state NOT IN ('issued', 'cancelled') AND currency IS NOT NULL
UNION ALL  -- what was open when the invoice was cancelled is asked for no more
SELECT userid::VARCHAR, coalesce(cancelled_at, export.moment), coalesce(cancelled_at, export.moment),
       id || ':cancelled', 'credit_note', least(open, amount), NULL, id::VARCHAR, subscription_id, currency, NULL
FROM balance, export WHERE state = 'cancelled' AND open > 0
UNION ALL
SELECT clientid::VARCHAR, end_of_day(date), end_of_day(date), 'credit ' || id, 'credit_note', amount,
       NULL, NULL, NULL, currency, NULL
FROM credit WHERE is_granted AND currency IS NOT NULL
UNION ALL  -- it is asked for again
SELECT t.customer_id, t.event_at, export.moment, t.invoice_id, t.kind, t.amount, t.due_at, t.applies_to,
       t.subscription_id, t.currency, true
FROM there_invoices AS t JOIN document AS d ON t.invoice_id = d.id || ':cancelled', export
WHERE d.state IS DISTINCT FROM 'cancelled' AND NOT coalesce(t.retracted, false)
