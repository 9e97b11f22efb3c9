-- The source's own money, counted apart from the mapping; and of it what was left out.
SELECT 'invoices' AS what, upper(currency) AS currency,
       sum(in_major(greatest(total, 0), currency)) AS amount,
       sum(CASE WHEN status IN ('draft', 'void') THEN in_major(greatest(total, 0), currency) ELSE 0 END) AS left_out
FROM last_invoice GROUP BY currency
UNION ALL
SELECT 'payments', upper(currency), sum(in_major(amount_captured, currency)),
       sum(CASE WHEN customer IS NULL THEN in_major(amount_captured, currency) ELSE 0 END)
FROM paying WHERE is_paid GROUP BY currency
UNION ALL
SELECT 'refunds', upper(currency), sum(in_major(amount_refunded, currency)),
       sum(CASE WHEN customer IS NULL THEN in_major(amount_refunded, currency)
                ELSE coalesce(in_major(under_way.amount, currency), 0)
                     + coalesce(refunded_before.amount, 0) END)
FROM paying LEFT JOIN refunded_before ON refunded_before.charge = paying.id LEFT JOIN (
    SELECT charge, sum(amount) AS amount FROM (
        SELECT charge, arg_max(amount, seen_at) AS amount FROM refund GROUP BY charge, id
        HAVING arg_max(status, seen_at) IN ('pending', 'requires_action')) GROUP BY charge
) AS under_way ON under_way.charge = paying.id
WHERE amount_refunded > 0 GROUP BY currency
