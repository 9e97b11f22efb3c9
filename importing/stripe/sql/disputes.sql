-- A bank's return of a direct debit is a dispute object of Stripe's and no dispute here.
WITH told AS (
    SELECT d.*, p.customer AS payer, p.pays, dispute_kind(d.reason) AS kind,
           dispute_state(d.status) AS state
    FROM dispute AS d JOIN paying AS p ON p.id = d.charge
    WHERE p.customer IS NOT NULL AND dispute_kind(d.reason) IS DISTINCT FROM 'returned'
), opened AS (
    SELECT payer, id, 'opened' AS status, to_timestamp(min(created)) AS happened, arg_max(kind, seen_at) AS kind,
           arg_max(amount, seen_at) AS minor, any_value(pays) AS pays, charge, any_value(currency) AS currency
    FROM told GROUP BY payer, id, charge
), ended AS (
    SELECT payer, id, state AS status,
           min(CASE WHEN state = 'won' AND len(balance_transactions) > 1
                    THEN to_timestamp(list_max(list_transform(balance_transactions, lambda t: t.created)))
                    ELSE seen_at END) AS happened,
           arg_max(kind, seen_at) AS kind, arg_max(amount, seen_at) AS minor, any_value(pays) AS pays,
           charge, any_value(currency) AS currency
    FROM told WHERE state <> 'opened' GROUP BY payer, id, charge, state
)
SELECT payer AS customer_id, happened AS event_at, happened AS known_at, id AS dispute_id, kind, status,
       in_major(minor, currency) AS amount, pays AS invoice_id, charge AS payment_id,
       upper(currency) AS currency
FROM (FROM opened UNION ALL FROM ended)
