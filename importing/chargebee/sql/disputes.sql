-- Disputes as Chargebee lists them; a chargeback that only a refund tells of was lost.
WITH told AS (
    SELECT d.*, dispute_state(d.status) AS state, coalesce(p.owes, d.customer_id) AS owes,
           p.payment_id, p.invoice_id, coalesce(d.currency_code, p.currency_code) AS currency,
           CASE WHEN d.reason ILIKE '%fraud%' THEN 'chargeback_fraud' ELSE 'chargeback_other' END AS kind
    FROM dispute AS d LEFT JOIN part AS p ON p.payment_id = d.transaction_id
), opened AS (
    SELECT owes, id, 'opened' AS status, min(created_at) AS happened, arg_max(kind, seen_at) AS kind,
           arg_max(amount, seen_at) AS cents, any_value(invoice_id) AS invoice_id,
           any_value(transaction_id) AS payment_id, any_value(currency) AS currency
    FROM told GROUP BY owes, id
), ended AS (
    SELECT owes, id, state AS status,
           min(CASE WHEN event IS NULL THEN coalesce(updated_at, seen_at) ELSE seen_at END) AS happened,
           arg_max(kind, seen_at) AS kind, arg_max(amount, seen_at) AS cents,
           any_value(invoice_id) AS invoice_id, any_value(transaction_id) AS payment_id,
           any_value(currency) AS currency
    FROM told WHERE state <> 'opened' GROUP BY owes, id, state
), taken AS (
    SELECT owes, id, unnest(['opened', 'lost']) AS status, date AS happened, 'chargeback_other' AS kind,
           amount AS cents, invoice_id, other_id AS payment_id, currency_code AS currency
    FROM back WHERE is_chargeback AND owes IS NOT NULL
      AND coalesce(other_id, '') NOT IN (SELECT transaction_id FROM dispute)
)
SELECT owes AS customer_id, happened AS event_at, happened AS known_at, id AS dispute_id, kind, status,
       in_major(cents, currency) AS amount, invoice_id, payment_id, currency
FROM (FROM opened UNION ALL FROM ended UNION ALL FROM taken) WHERE owes IS NOT NULL
