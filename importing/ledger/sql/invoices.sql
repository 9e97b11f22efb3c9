WITH made AS NOT MATERIALIZED (
    SELECT customer_id, event_at, known_at, id AS invoice_id, 'invoice' AS kind, amount, due_at,
           NULL::VARCHAR AS applies_to, currency, NULL::BOOLEAN AS retracted
    FROM entry WHERE kind = 'invoice'
    UNION ALL
    SELECT customer_id, event_at, known_at, id, kind, amount, NULL, target, currency, retracted
    FROM part WHERE kind <> 'payment'
)
FROM made
UNION ALL  -- what an earlier import brought of a document that says so no more
SELECT t.customer_id, t.event_at, export.moment, t.invoice_id, t.kind, t.amount, t.due_at, t.applies_to,
       t.currency, true
FROM there_invoices AS t, export
WHERE t.invoice_id IN (FROM told_again) AND NOT coalesce(t.retracted, false)
  AND (t.invoice_id, t.kind) NOT IN (SELECT (invoice_id, kind) FROM made
                                  WHERE invoice_id IN (SELECT invoice_id FROM there_invoices))
