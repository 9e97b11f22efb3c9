-- The source's own money, counted apart from the mapping; and of it what was left out.
WITH document AS (
    SELECT lago_id, any_value(customer) AS customer, any_value(currency) AS currency,
           arg_max(status, (seen_at, event IS NULL, row)) AS state,
           arg_max(total_amount_cents, (seen_at, event IS NULL, row)) AS total,
           arg_max(credit_notes_amount_cents, (seen_at, event IS NULL, row)) AS used,
           arg_max(coalesce(self_billed, false), (seen_at, event IS NULL, row)) AS is_partners
    FROM invoice GROUP BY lago_id
), note AS (
    SELECT lago_id, any_value(currency) AS currency,
           arg_max(refund_amount_cents, (seen_at, event IS NULL, row)) AS refund,
           arg_max(refund_status, (seen_at, event IS NULL, row)) AS state
    FROM credit_note GROUP BY lago_id
)
SELECT 'invoices' AS what, currency,
       sum(in_major(total, currency)
           + CASE WHEN customer IN (FROM credited) THEN in_major(coalesce(used, 0), currency)
                  ELSE 0 END) AS amount,
       coalesce(sum(in_major(total, currency)
           + CASE WHEN customer IN (FROM credited) THEN in_major(coalesce(used, 0), currency)
                  ELSE 0 END) FILTER (WHERE is_partners OR invoice_state(state) IS DISTINCT FROM 'issued'), 0) AS left_out
FROM document GROUP BY currency
UNION ALL
SELECT 'payments', currency, sum(in_major(cents, currency)), 0 FROM (
    SELECT lago_id, any_value(amount_currency) AS currency, arg_max(amount_cents, (
        payment_state(payment_status) IN ('succeeded', 'failed'), seen_at, event IS NULL, row)) AS cents
    FROM payment GROUP BY lago_id HAVING 'succeeded' = arg_max(payment_status, (
        payment_state(payment_status) IN ('succeeded', 'failed'), seen_at, event IS NULL, row)))
GROUP BY currency
UNION ALL
SELECT 'refunds', currency, sum(in_major(refund, currency)),
       coalesce(sum(in_major(refund, currency)) FILTER (WHERE refund_state(state) IS DISTINCT FROM 'refunded'
           OR lago_id NOT IN (SELECT lago_id FROM refund WHERE has_payment)), 0)
FROM note WHERE refund > 0 GROUP BY currency
UNION ALL
SELECT 'credit notes', currency, sum(in_major(credit_amount_cents + given, currency)),
       sum(in_major(CASE WHEN is_counted THEN credit_amount_cents - credit
                    ELSE credit_amount_cents + given END, currency))
FROM last_note GROUP BY currency
