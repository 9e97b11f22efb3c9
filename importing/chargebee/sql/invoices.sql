-- Documents, tax included, for that is what payments pay. Credit notes are documents of
-- their own, and what was applied of them is laid on invoices anew.
SELECT customer_id, date AS event_at, known AS known_at, id AS invoice_id, 'invoice' AS kind,
       in_major(total, currency_code) AS amount, coalesce(due_date, date) AS due_at,
       NULL::VARCHAR AS applies_to, subscription_id, currency_code AS currency, NULL::BOOLEAN AS retracted
FROM last_invoice WHERE is_counted
UNION ALL  -- void: the document never counted, from that moment on
SELECT customer_id, date, greatest(known, coalesce(voided_at, updated_at, seen_at)), id, 'invoice',
       in_major(total, currency_code), coalesce(due_date, date), NULL, subscription_id, currency_code, true
FROM last_invoice WHERE is_counted AND is_void
UNION ALL
SELECT customer_id, date, known, id, CASE WHEN is_write_off THEN 'write_off' ELSE 'credit_note' END,
       in_major(amount, currency_code), NULL, reference_invoice_id, NULL, currency_code, NULL
FROM last_note WHERE NOT is_chargeback
UNION ALL
SELECT customer_id, date, greatest(known, coalesce(voided_at, updated_at, seen_at)), id,
       CASE WHEN is_write_off THEN 'write_off' ELSE 'credit_note' END, in_major(amount, currency_code), NULL,
       reference_invoice_id, NULL, currency_code, true
FROM last_note WHERE NOT is_chargeback AND is_void
UNION ALL
SELECT customer_id, withheld_at, withheld_at, withheld_id, 'credit_note', in_major(cents, currency_code), NULL, id, NULL,
       currency_code, NULL
FROM withheld
UNION ALL  -- it is withheld no more
SELECT t.customer_id, t.event_at, export.moment, t.invoice_id, t.kind, t.amount, NULL, t.applies_to, NULL, t.currency, true
FROM there_invoices AS t JOIN last_invoice AS i ON t.invoice_id = i.id || ':withheld', export
WHERE t.invoice_id NOT IN (SELECT withheld_id FROM withheld) AND t.retracted IS NOT true
