-- Documents, tax included, for that is what payments pay. A negative total is credit.
WITH document AS (
    SELECT *, coalesce(status_transitions.finalized_at, created) AS issued
    FROM last_invoice WHERE invoice_state(status) IS NOT NULL
)
SELECT customer AS customer_id, to_timestamp(issued) AS event_at, to_timestamp(issued) AS known_at,
       id AS invoice_id, CASE WHEN total < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
       in_major(abs(total), currency) AS amount,
       CASE WHEN total >= 0 THEN to_timestamp(coalesce(due_date, issued)) END AS due_at,
       NULL::VARCHAR AS applies_to, subscription AS subscription_id, upper(currency) AS currency,
       NULL::BOOLEAN AS retracted
FROM document
UNION ALL  -- void: the document never counted, from that moment on
SELECT customer, to_timestamp(issued),
       coalesce(to_timestamp(status_transitions.voided_at), seen_at), id,
       CASE WHEN total < 0 THEN 'credit_note' ELSE 'invoice' END, in_major(abs(total), currency),
       CASE WHEN total >= 0 THEN to_timestamp(coalesce(due_date, issued)) END, NULL, subscription,
       upper(currency), true
FROM document WHERE status = 'void'
UNION ALL
SELECT customer, gone, gone, id || ':written_off', 'write_off', in_major(amount_remaining, currency), NULL, id,
       subscription, upper(currency), NULL
FROM (SELECT *, coalesce(to_timestamp(status_transitions.marked_uncollectible_at), seen_at) AS gone
      FROM document WHERE status = 'uncollectible' AND amount_remaining > 0)
UNION ALL
SELECT arg_max(customer, seen_at), to_timestamp(min(created)), to_timestamp(min(created)), id,
       'credit_note', in_major(arg_max(amount, seen_at), any_value(currency)), NULL,
       arg_max(invoice, seen_at), NULL, upper(any_value(currency)), NULL
FROM credit_note GROUP BY id
UNION ALL
SELECT arg_max(customer, seen_at), to_timestamp(min(created)),
       coalesce(to_timestamp(max(voided_at)), max(seen_at)), id, 'credit_note',
       in_major(arg_max(amount, seen_at), any_value(currency)), NULL, arg_max(invoice, seen_at),
       NULL, upper(any_value(currency)), true
FROM credit_note GROUP BY id HAVING arg_max(status, seen_at) = 'void'
UNION ALL  -- a balance that somebody granted; what credit notes and invoices moved is theirs
SELECT DISTINCT customer, to_timestamp(created), to_timestamp(created), id, 'credit_note',
       in_major(-amount, currency), NULL::TIMESTAMPTZ, NULL, NULL, upper(currency), NULL::BOOLEAN
FROM balance_change WHERE amount < 0 AND type IN ('adjustment', 'initial', 'migration')
