-- A charge is a payment; a capture in part pays what was captured. A direct debit is
-- under way first, and what was pending is known to have ended since it was seen so. What
-- banks return after success is a dispute object of Stripe's, or a failure in its balance.
WITH told AS (
    SELECT c.*, p.pays, p.customer AS payer, charge_state(c.status) AS state,
           payment_method_of(payment_method_details.type) AS method,
           count(*) OVER (PARTITION BY c.id) > 1 AS is_followed,
           coalesce(c.seen_at > pending.seen_at, false) AS was_pending,
           earlier.payment_id IS NOT NULL AS was_pending_before, c.seen_at > held.seen_at AS was_held
    FROM charge AS c JOIN paying AS p USING (id)
    LEFT JOIN (SELECT id, min(seen_at) AS seen_at FROM charge
               WHERE charge_state(status) = 'pending' GROUP BY id) AS pending USING (id)
    LEFT JOIN (SELECT DISTINCT payment_id FROM there_payments
               WHERE status = 'pending' AND retracted IS NOT true) AS earlier ON earlier.payment_id = c.id
    LEFT JOIN (SELECT id, min(seen_at) AS seen_at FROM charge
               WHERE status = 'succeeded' AND NOT captured GROUP BY id) AS held USING (id)
    WHERE p.customer IS NOT NULL
      AND NOT (c.status = 'succeeded' AND NOT coalesce(c.captured, true))
), made AS (
    SELECT payer AS customer_id, id AS payment_id, state AS status,
           CASE WHEN state = 'succeeded' THEN coalesce(amount_captured, amount) ELSE amount END
               AS minor, seen_at,
           CASE WHEN state = 'pending' THEN to_timestamp(created)
                WHEN was_pending THEN seen_at
                WHEN method IS NOT DISTINCT FROM 'direct_debit'
                THEN CASE WHEN is_followed THEN seen_at ELSE settled(to_timestamp(created), seen_at) END
                WHEN was_pending_before OR state = 'succeeded' AND was_held THEN seen_at  -- captured later
                ELSE to_timestamp(created) END AS happened,
           method, pays AS invoice_id, currency, state = 'failed' AS is_failed,
           CASE WHEN state = 'failed' THEN failure_of(
               decline_of(failure_code, outcome)) END AS failure_code,
           coalesce(payment_method_details.card.fingerprint,
                    payment_method_details.sepa_debit.fingerprint,
                    payment_method_details.us_bank_account.fingerprint,
                    payment_method_details.bacs_debit.fingerprint,
                    payment_method_details.au_becs_debit.fingerprint,
                    payment_method_details.acss_debit.fingerprint,
                    id_of(payment_method)) AS instrument_id,
           upper(payment_method_details.card.country) AS card_country,
           funding_of(payment_method_details.card.funding) AS card_funding
    FROM told
    UNION ALL
    SELECT payer, id, 'pending', amount, seen_at, to_timestamp(created), method, pays, currency, false, NULL,
           NULL, NULL, NULL
    FROM told WHERE method = 'direct_debit' AND state <> 'pending'
), charged AS (
    SELECT customer_id, payment_id, status, min(happened) AS happened,
           arg_max(minor, seen_at) AS minor,  -- as it was seen last; `last_charge` has the same
           arg_min(method, happened) AS method, arg_min(invoice_id, happened) AS invoice_id,
           arg_min(currency, happened) AS currency, arg_min(failure_code, happened) AS failure_code,
           arg_min(instrument_id, happened) AS instrument_id, arg_min(card_country, happened) AS card_country,
           arg_min(card_funding, happened) AS card_funding
    FROM made GROUP BY customer_id, payment_id, status
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
