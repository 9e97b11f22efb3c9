-- The source's own money, counted apart from the mapping; and of it what was left out.
WITH document AS (
    SELECT id, currency_code AS currency, total, status AS state, coalesce(deleted, false) AS is_deleted,
           list_sum(from_json(linked_taxes_withheld, '[{"amount": "BIGINT"}]').list_transform(lambda t: t.amount)) AS withheld
    FROM last_states('invoice')
), money AS (
    SELECT id, currency_code AS currency, type, amount, status AS state, coalesce(deleted, false) AS is_deleted,
           payment_method AS method
    FROM last_states('transaction')
)
SELECT 'invoices' AS what, currency, sum(in_major(total, currency)) AS amount,
       coalesce(sum(in_major(total, currency)) FILTER (
           WHERE is_deleted OR state = 'voided' OR invoice_state(state) IS NULL), 0) AS left_out
FROM document GROUP BY currency
UNION ALL
SELECT 'taxes withheld', currency, sum(in_major(withheld, currency)), coalesce(sum(in_major(withheld, currency)) FILTER (
           WHERE is_deleted OR state = 'voided' OR invoice_state(state) IS NULL), 0)
FROM document WHERE withheld > 0 GROUP BY currency
UNION ALL
SELECT 'credit notes and write-offs', currency_code, sum(in_major(amount, currency_code)),
       coalesce(sum(in_major(amount, currency_code)) FILTER (WHERE is_void OR is_chargeback), 0)
FROM last_note GROUP BY currency_code
UNION ALL
SELECT 'payments', currency, sum(amount), sum(left_out) FROM (
    SELECT currency, in_major(amount, currency) AS amount,
           CASE WHEN is_deleted THEN in_major(amount, currency) ELSE 0 END AS left_out
    FROM money WHERE type = 'payment' AND state IN ('success', 'late_failure')
    UNION ALL SELECT currency_code, in_major(amount, currency_code), 0 FROM last_transaction
              WHERE NOT is_whole AND state = 'succeeded') GROUP BY currency
UNION ALL
SELECT 'refunds', currency, sum(in_major(amount, currency)),
       coalesce(sum(in_major(amount, currency)) FILTER (WHERE is_deleted OR method = 'chargeback'
           OR id NOT IN (SELECT id FROM back WHERE payment_id IS NOT NULL)), 0)
FROM money WHERE type = 'refund' AND state = 'success' GROUP BY currency
