-- What a row of an export says, as the object of the API that says it: (file, row, seen_at,
-- data). Amounts of the Dashboard and of the balance report are in major units.

-- Stripe's smallest units: none for these, a thousandth for those, else a hundredth
-- (also of HUF, ISK, TWD and UGX, which have no coins).
CREATE MACRO units_of(currency) AS CASE
    WHEN lower(currency) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf',
                             'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1
    WHEN lower(currency) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 1000
    ELSE 100 END;
CREATE MACRO word_of(text) AS replace(lower(trim(text)), ' ', '_');
CREATE MACRO seconds(moment) AS epoch(moment)::BIGINT;
CREATE MACRO paid_with(type, country, funding, fingerprint) AS json_object('type', type, 'card',
    json_object('country', country, 'funding', lower(funding), 'fingerprint', fingerprint));
CREATE MACRO turned(finalized, uncollectible, paid, voided) AS json_object(
    'finalized_at', seconds(finalized), 'marked_uncollectible_at', seconds(uncollectible),
    'paid_at', seconds(paid), 'voided_at', seconds(voided));

-- A row without an id is a payment that was never tried (an intent without a charge).
CREATE VIEW dashboard_payment AS
    SELECT * REPLACE (word_of(status) AS status, lower(currency) AS currency,
                      coalesce("created date (utc)", "created (utc)") AS "created (utc)"),
           units_of(currency) AS units
    FROM dashboard_payments WHERE id IS NOT NULL;

-- The balance's rows, in the currency that the customer saw.
CREATE VIEW balance_row AS
    SELECT file, row, created_utc AS moment, balance_category(reporting_category) AS category,
           CASE WHEN customer_facing_amount IS NULL THEN gross ELSE customer_facing_amount END AS amount,
           lower(coalesce(CASE WHEN customer_facing_amount IS NOT NULL THEN customer_facing_currency END,
                          currency)) AS currency,
           coalesce(charge_id, source_id) AS charge, coalesce(refund_id, source_id) AS refund,
           source_id, dispute_reason, payment_intent_id, customer_id, invoice_id,
           payment_method_type, card_country, card_funding
    FROM balance_report;

-- What of a charge was never captured (no refund) or given back; when it failed after all.
CREATE VIEW balance_of_charge AS
    SELECT charge, abs(coalesce(sum(amount) FILTER (WHERE category = 'not_captured'), 0)) AS not_captured,
           coalesce(sum(CASE category WHEN 'refund' THEN abs(amount) WHEN 'refund_failure' THEN -abs(amount) END), 0)
               AS refunded,
           min(moment) FILTER (WHERE category = 'returned') AS failed_at
    FROM balance_row GROUP BY charge;

-- A payment that failed after it was taken for paid succeeded first (`payments.sql` has
-- the return).
CREATE VIEW dashboard_charge AS
    SELECT p.*, coalesce(b.not_captured, 0) AS not_captured, b.failed_at,
           CASE WHEN b.failed_at IS NULL THEN dashboard_state(status) ELSE 'succeeded' END AS state
    FROM dashboard_payment AS p LEFT JOIN balance_of_charge AS b ON b.charge = p.id;

CREATE VIEW exported AS
WITH told AS (
    SELECT file, row, json_object('object', 'charge', 'id', id, 'created', seconds("created (utc)"),
        'seen_at', seconds(failed_at),
        'customer', "customer id", 'payment_intent', "paymentintent id", 'invoice', "invoice id",
        'currency', currency, 'status', state, 'amount', amount * units,
        'amount_captured', CASE WHEN state = 'succeeded' THEN (amount - not_captured) * units END,
        'amount_refunded', "amount refunded" * units,
        'captured', coalesce(captured, status NOT IN ('uncaptured', 'requires_capture')),
        'failure_code', CASE WHEN state = 'failed' THEN 'card_declined' END,
        'outcome', json_object('reason', word_of("decline reason")),
        'payment_method_details', paid_with(coalesce(word_of("payment source type"),
            CASE WHEN "card fingerprint" IS NOT NULL THEN 'card' END),
            "card issue country", "card funding", "card fingerprint")) AS data
    FROM dashboard_charge WHERE state IS NOT NULL
    UNION ALL
    SELECT file, row, json_object('object', 'refund', 'id', id || ':refunded', 'charge', id,
        'created', seconds("refunded date (utc)"), 'currency', currency, 'status', 'succeeded',
        'amount', ("amount refunded" - not_captured) * units)
    FROM dashboard_charge WHERE "amount refunded" > not_captured AND "refunded date (utc)" IS NOT NULL
    UNION ALL
    SELECT file, row, json_object('object', 'dispute', 'id', id || ':dispute', 'charge', id,
        'created', seconds("dispute date (utc)"), 'currency', currency,
        'amount', coalesce("disputed amount", amount) * units,
        'reason', word_of("dispute reason"), 'status', word_of("dispute status"))
    FROM dashboard_payment WHERE "dispute status" IS NOT NULL
    UNION ALL
    SELECT file, row, json_object('object', 'invoice', 'id', id, 'customer', coalesce("customer id", customer),
        'created', seconds(coalesce("created (utc)", "date (utc)")), 'charge', charge,
        'subscription', subscription, 'currency', lower(currency), 'status', word_of(status),
        'total', total * units_of(currency), 'due_date', seconds("due date (utc)"),
        'amount_remaining', ("amount due" - coalesce("amount paid", 0)) * units_of(currency),
        'starting_balance', "starting balance" * units_of(currency),
        'ending_balance', "ending balance" * units_of(currency),
        'status_transitions', turned("finalized at (utc)", "marked uncollectible at (utc)",
                                     "paid at (utc)", "voided at (utc)"))
    FROM dashboard_invoices
    UNION ALL
    SELECT file, row, json_object('object', 'subscription', 'id', id, 'customer', "customer id",
        'status', word_of(status), 'created', seconds("created (utc)"),
        'start_date', seconds("start date (utc)"), 'canceled_at', seconds("canceled at (utc)"),
        'ended_at', seconds("ended at (utc)"), 'current_period_end', seconds("current period end (utc)"),
        'items', json_object('data', json_array(json_object('quantity', quantity, 'price', json_object(
            'product', plan, 'currency', lower(currency), 'unit_amount', amount * units_of(currency),
            'recurring', json_object('interval', lower("interval")))))))
    FROM dashboard_subscriptions
    UNION ALL
    SELECT file, row, json_object('object', 'customer', 'id', id, 'created', seconds("created (utc)"),
        'address', json_object('country', upper("address country")))
    FROM dashboard_customers
    UNION ALL  -- Sigma: the smallest unit
    SELECT file, row, json_object('object', 'charge', 'id', id, 'created', seconds(created),
        'customer', customer_id, 'payment_intent', coalesce(payment_intent, payment_intent_id),
        'invoice', invoice_id, 'currency', currency, 'status', status, 'amount', amount,
        'amount_captured', CASE WHEN captured THEN coalesce(amount_captured, amount) END,
        'amount_refunded', amount_refunded, 'captured', captured, 'failure_code', failure_code,
        'outcome', json_object('reason', outcome_reason),
        'payment_method_details', paid_with(coalesce(payment_method_type,
            CASE WHEN card_fingerprint IS NOT NULL THEN 'card' END), card_country, card_funding, card_fingerprint))
    FROM sigma_charges
    UNION ALL
    SELECT file, row, json_object('object', 'refund', 'id', id, 'charge', charge_id, 'created', seconds(created),
        'currency', currency, 'status', status, 'amount', amount) FROM sigma_refunds
    UNION ALL
    SELECT file, row, json_object('object', 'dispute', 'id', id, 'charge', charge_id, 'created', seconds(created),
        'currency', currency, 'status', status, 'amount', amount, 'reason', reason) FROM sigma_disputes
    UNION ALL
    SELECT file, row, json_object('object', 'invoice', 'id', id, 'customer', customer_id,
        'created', seconds(coalesce(created, date)), 'charge', charge_id, 'subscription', subscription_id,
        'currency', currency, 'status', status, 'total', total, 'due_date', seconds(due_date),
        'amount_remaining', coalesce(amount_remaining, amount_due - coalesce(amount_paid, 0)),
        'starting_balance', starting_balance, 'ending_balance', ending_balance,
        'status_transitions', turned(status_transitions_finalized_at,
            status_transitions_marked_uncollectible_at, status_transitions_paid_at, status_transitions_voided_at))
    FROM sigma_invoices
    UNION ALL
    SELECT file, row, json_object('object', 'credit_note', 'id', id, 'customer', customer_id,
        'invoice', invoice_id, 'created', seconds(created), 'currency', currency, 'status', status,
        'amount', amount) FROM sigma_credit_notes
    UNION ALL
    SELECT file, row, json_object('object', 'customer', 'id', id, 'created', seconds(created),
        'address', json_object('country', upper(address_country))) FROM sigma_customers
    UNION ALL
    SELECT file, row, json_object('object', 'radar.early_fraud_warning', 'id', id, 'created', seconds(created),
        'charge', charge_id) FROM sigma_early_fraud_warnings
    UNION ALL
    SELECT s.file, s.row, json_object('object', 'subscription', 'id', s.id, 'customer', s.customer_id,
        'status', s.status, 'created', seconds(s.created), 'start_date', seconds(coalesce(s.start_date, s.start)),
        'canceled_at', seconds(s.canceled_at), 'ended_at', seconds(s.ended_at),
        'cancel_at_period_end', s.cancel_at_period_end, 'current_period_end', seconds(s.current_period_end),
        'days_until_due', s.days_until_due, 'items', json_object('data', coalesce(items.data, [])))
    FROM sigma_subscriptions AS s LEFT JOIN (
        SELECT coalesce(i.subscription_id, i.subscription) AS id, list(json_object('quantity', i.quantity,
            'price', json_object('product', coalesce(i.plan_product_id, p.product_id),
                'currency', lower(coalesce(i.plan_currency, p.currency)),
                'unit_amount', coalesce(i.plan_amount, p.unit_amount),
                'recurring', json_object('interval', coalesce(i.plan_interval, p.recurring_interval),
                    'interval_count', coalesce(i.plan_interval_count, p.recurring_interval_count),
                    'usage_type', p.recurring_usage_type)))) AS data
        FROM sigma_subscription_items AS i LEFT JOIN sigma_prices AS p ON p.id = i.price_id GROUP BY ALL
    ) AS items ON items.id = s.id
    UNION ALL  -- the balance: what was not captured is no refund, a failed refund gives nothing
    SELECT b.file, b.row, json_object('object', 'charge', 'id', b.charge, 'created', seconds(b.moment),
        'seen_at', seconds(of.failed_at),
        'customer', b.customer_id, 'payment_intent', b.payment_intent_id, 'invoice', b.invoice_id,
        'currency', b.currency, 'status', 'succeeded', 'captured', true, 'amount', b.amount * units_of(b.currency),
        'amount_captured', (b.amount - of.not_captured) * units_of(b.currency),
        'amount_refunded', (of.refunded + of.not_captured) * units_of(b.currency),
        'payment_method_details', paid_with(b.payment_method_type, b.card_country, b.card_funding, NULL))
    FROM balance_row AS b JOIN balance_of_charge AS of ON of.charge = b.charge
    WHERE b.category = 'charge' AND b.charge NOT IN (SELECT id FROM dashboard_payment UNION ALL SELECT id FROM sigma_charges)
    UNION ALL
    SELECT file, row, json_object('object', 'refund', 'id', refund, 'charge', charge, 'created', seconds(moment),
        'currency', currency, 'amount', abs(amount) * units_of(currency), 'status',
        CASE WHEN refund IN (SELECT refund FROM balance_row WHERE category = 'refund_failure')
             THEN 'failed' ELSE 'succeeded' END)
    FROM balance_row
    WHERE category = 'refund' AND charge NOT IN (
        SELECT id FROM dashboard_payment WHERE "refunded date (utc)" IS NOT NULL)
    UNION ALL
    SELECT file, row, json_object('object', 'dispute', 'id', source_id, 'charge', charge, 'created', seconds(moment),
        'currency', currency, 'amount', abs(amount) * units_of(currency), 'reason', word_of(dispute_reason),
        'status', CASE WHEN ended IS NULL THEN 'under_review' ELSE 'won' END, 'balance_transactions',
        json_array(json_object('created', seconds(moment)), json_object('created', seconds(ended))))
    FROM balance_row LEFT JOIN (SELECT source_id, max(moment) AS ended FROM balance_row
        WHERE category = 'dispute_reversal' GROUP BY source_id) AS reversed USING (source_id)
    WHERE category = 'dispute' AND charge NOT IN (
        SELECT id FROM dashboard_payment WHERE "dispute status" IS NOT NULL)
)
SELECT file, row, to_timestamp((data ->> '$.seen_at')::BIGINT) AS seen_at, data FROM told;
