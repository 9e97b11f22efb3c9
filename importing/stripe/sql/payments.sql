-- A charge is a payment; a capture in part pays what was captured. What banks return after
-- success is a dispute object of Stripe's, or a failure in its balance.
WITH charged AS (  -- of a state that was told again what was told first, and its last amount
    SELECT * EXCLUDE (is_followed, seen_at) FROM charge_told WHERE NOT is_followed
    UNION ALL
    SELECT customer_id, payment_id, status,
           last_value(minor IGNORE NULLS) OVER (told ORDER BY seen_at
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), happened,
           first_value(COLUMNS(* EXCLUDE (customer_id, payment_id, status, is_followed, seen_at, minor, happened))
               IGNORE NULLS) OVER (told ORDER BY happened, seen_at
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    FROM charge_told WHERE is_followed
    WINDOW told AS (PARTITION BY payment_id, status)
    QUALIFY row_number() OVER (told ORDER BY happened, seen_at) = 1
), returned AS (
    SELECT p.customer AS customer_id, d.charge AS payment_id, min(d.created) AS created,
           any_value(d.amount) AS minor, any_value(p.pays) AS invoice_id,
           any_value(d.currency) AS currency, any_value(d.reason) AS reason
    FROM dispute AS d JOIN paying AS p ON p.id = d.charge
    WHERE dispute_kind(d.reason) = 'returned' AND p.customer IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT p.customer, b.charge, seconds(b.failed_at), p.amount_captured, p.pays, p.currency, NULL
    FROM balance_of_charge AS b JOIN paying AS p ON p.id = b.charge
    WHERE b.failed_at IS NOT NULL AND p.customer IS NOT NULL AND p.is_paid
      AND b.charge NOT IN (SELECT charge FROM dispute WHERE charge IS NOT NULL AND dispute_kind(reason) = 'returned')
), refunded AS (
    SELECT p.customer AS customer_id, r.charge AS payment_id, r.id AS refund_id,
           min(r.created) AS created, arg_max(r.amount, r.seen_at) AS minor,
           any_value(p.pays) AS invoice_id, any_value(r.currency) AS currency,
           arg_max(refund_state(r.status), r.seen_at) AS state,
           arg_max(r.status, r.seen_at) IN ('failed', 'canceled') AS is_undone, max(r.seen_at) AS seen_at
    FROM refund AS r JOIN paying AS p ON p.id = r.charge
    WHERE p.customer IS NOT NULL GROUP BY ALL
)
SELECT customer_id, happened AS event_at, happened AS known_at, payment_id, status,
       in_major(minor, currency) AS amount, method, invoice_id, failure_code, instrument_id,
       card_country, card_funding, NULL::VARCHAR AS refund_id, upper(currency) AS currency,
       NULL::BOOLEAN AS retracted
FROM charged
UNION ALL
SELECT customer_id, to_timestamp(created), to_timestamp(created), payment_id, 'returned',
       in_major(minor, currency), 'direct_debit', invoice_id, failure_of(reason), NULL, NULL, NULL,
       NULL, upper(currency), NULL
FROM returned
UNION ALL
SELECT customer_id, to_timestamp(created), CASE WHEN is_undone THEN seen_at ELSE to_timestamp(created) END,
       payment_id, 'refunded', in_major(minor, currency), NULL, invoice_id, NULL, NULL, NULL, NULL,
       refund_id, upper(currency), CASE WHEN is_undone THEN true END
FROM refunded WHERE state = 'refunded' OR is_undone
UNION ALL  -- an earlier import knew only the sum of refunds that these files list
SELECT t.customer_id, t.event_at, export.moment, t.payment_id, 'refunded', t.amount, NULL, t.invoice_id,
       NULL, NULL, NULL, NULL, t.refund_id, t.currency, true
FROM there_payments AS t CROSS JOIN export
WHERE t.refund_id = t.payment_id || ':refunded' AND t.retracted IS NOT true
  AND t.payment_id IN (SELECT id FROM last_charge) AND t.refund_id NOT IN (SELECT id FROM refund)
UNION ALL  -- paid without a charge: cash, cheque or transfer, marked by a person
SELECT customer, paid_at, paid_at, id || ':paid', 'succeeded', rest, 'other', id,
       NULL, NULL, NULL, NULL, NULL, upper(currency), NULL
FROM paid_apart WHERE is_counted
UNION ALL  -- an earlier import took for such a payment what charges in these files paid
SELECT customer_id, event_at, moment, payment_id, 'succeeded',
       CASE WHEN rest > 0 THEN rest ELSE amount END, 'other', invoice_id, NULL, NULL, NULL, NULL,
       NULL, currency, CASE WHEN rest <= 0 THEN true END
FROM taken_apart CROSS JOIN export
