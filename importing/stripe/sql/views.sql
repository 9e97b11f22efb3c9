-- The objects by kind. A state is told by an event at the moment of the event, by a
-- plain object at the moment of the export.
CREATE MACRO id_of(reference) AS
    CASE WHEN reference[1] = '{' THEN json_extract_string(reference, '$.id') ELSE reference END;

CREATE MACRO in_major(amount, currency) AS CAST(amount / units_of(currency) AS DECIMAL(18, 4));

CREATE VIEW customer AS SELECT * FROM objects WHERE object = 'customer';
CREATE VIEW subscription AS SELECT * REPLACE (id_of(customer) AS customer)
    FROM objects WHERE object = 'subscription';
CREATE VIEW invoice AS
    SELECT * REPLACE (
        id_of(customer) AS customer,
        id_of(coalesce(subscription, parent.subscription_details.subscription)) AS subscription
    ) FROM objects WHERE object = 'invoice';
CREATE VIEW credit_note AS SELECT * REPLACE (id_of(customer) AS customer, id_of(invoice) AS invoice)
    FROM objects WHERE object = 'credit_note';
CREATE VIEW balance_change AS
    SELECT * REPLACE (id_of(customer) AS customer) FROM objects
    WHERE object = 'customer_balance_transaction';
CREATE VIEW charge AS
    SELECT * REPLACE (id_of(customer) AS customer) FROM objects WHERE object = 'charge';
CREATE MACRO decline_of(failure_code, outcome) AS
    CASE failure_code WHEN 'card_declined' THEN coalesce(outcome.reason, failure_code)
                      ELSE failure_code END;
CREATE VIEW failed_charge AS
    SELECT *, decline_of(failure_code, outcome) AS decline
    FROM charge WHERE status = 'failed';
CREATE VIEW review AS SELECT * FROM objects WHERE object = 'review';
CREATE VIEW warning AS SELECT * FROM objects WHERE object = 'radar.early_fraud_warning';
CREATE VIEW dispute AS
    SELECT * REPLACE (id_of(charge) AS charge) FROM objects WHERE object = 'dispute';

-- Refunds on their own, else as the charge lists them, else the sum that it states.
CREATE TABLE refund AS
    WITH own AS (
        SELECT file, row, seen_at, id, id_of(charge) AS charge, amount, currency, created, status
        FROM objects WHERE object = 'refund'
    ), listed AS (
        SELECT file, row, seen_at, entry.id AS id, charge, entry.amount AS amount,
               coalesce(entry.currency, currency) AS currency, entry.created AS created,
               coalesce(entry.status, 'succeeded') AS status
        FROM (SELECT file, row, seen_at, id AS charge, currency, unnest(refunds.data) AS entry
              FROM charge WHERE len(refunds.data) > 0)
    )
    FROM own UNION ALL FROM listed WHERE id NOT IN (SELECT id FROM own);

-- The state of each charge that was seen last. Of a capture in part Stripe gives back the
-- rest by a refund of its own: of money that never came.
CREATE TABLE last_charge AS
    SELECT id, arg_max(customer, seen_at) AS customer, any_value(currency) AS currency,
           arg_max(id_of(payment_intent), seen_at) AS payment_intent,
           arg_max(id_of(invoice), seen_at) AS invoice,
           arg_max(amount_refunded, seen_at) - arg_max(not_captured, seen_at) AS amount_refunded,
           arg_max(not_captured, seen_at) AS not_captured,
           arg_max(coalesce(amount_captured, amount), seen_at) AS amount_captured,
           arg_max(status, seen_at) = 'succeeded' AND arg_max(coalesce(captured, true), seen_at)
               AS is_paid,
           any_value(file) AS file, any_value(row) AS row, max(seen_at) AS seen_at,
           min(created) AS created
    FROM (SELECT *, CASE WHEN status = 'succeeded' AND captured AND amount_refunded >= amount - amount_captured
                         THEN amount - amount_captured ELSE 0 END AS not_captured FROM charge)
    GROUP BY id;
DELETE FROM refund WHERE id IN (
    SELECT arg_min(r.id, r.created) FILTER (WHERE r.amount = c.not_captured)
    FROM (SELECT DISTINCT id, charge, amount, created FROM refund) AS r JOIN last_charge AS c ON c.id = r.charge
    WHERE c.not_captured > 0 GROUP BY r.charge, c.amount_refunded HAVING sum(r.amount) > c.amount_refunded);

-- Refunds in a state without a meaning here: what the charge says was given back counts.
CREATE TABLE unclear_refund AS
    SELECT id FROM refund GROUP BY id HAVING refund_state(arg_max(status, seen_at)) <> 'refunded';

-- What earlier imports know to be given back of the charges in these files, by refunds
-- that are not among them.
CREATE TABLE refunded_before AS
    SELECT payment_id AS charge, sum(amount) AS amount FROM there_payments
    WHERE status = 'refunded' AND retracted IS NOT true AND refund_id <> payment_id || ':refunded'
      AND payment_id IN (SELECT id FROM last_charge)
      AND refund_id NOT IN (SELECT id FROM refund WHERE id NOT IN (FROM unclear_refund))
    GROUP BY payment_id;
INSERT INTO refund
    SELECT file, row, seen_at, id || ':refunded', id, missing, currency,
           epoch(seen_at)::BIGINT, 'succeeded'
    FROM (SELECT c.*, c.amount_refunded - coalesce((
              SELECT sum(amount) FROM (
                  SELECT DISTINCT id, amount FROM refund AS r
                  WHERE r.charge = c.id AND status IN ('succeeded', 'pending', 'requires_action')
                    AND id NOT IN (FROM unclear_refund))
          ), 0) - coalesce((SELECT b.amount FROM refunded_before AS b WHERE b.charge = c.id), 0)
                  * units_of(c.currency) AS missing
          FROM last_charge AS c WHERE c.amount_refunded > 0)
    WHERE missing > 0;

-- Which invoice a charge pays: the charge says so, the invoice, or an invoice payment.
CREATE TABLE payer AS
    WITH told AS (
        SELECT id AS key, invoice FROM last_charge WHERE invoice IS NOT NULL
        UNION SELECT id_of(charge), id FROM invoice WHERE charge IS NOT NULL
        UNION SELECT id_of(payment_intent), id FROM invoice WHERE payment_intent IS NOT NULL
        UNION SELECT id_of(coalesce(entry.payment.charge, entry.payment.payment_intent)), id
              FROM (SELECT id, unnest(payments.data) AS entry FROM invoice)
        UNION SELECT id_of(coalesce(payment.charge, payment.payment_intent)), id_of(invoice)
              FROM objects WHERE object = 'invoice_payment'
    )
    SELECT key, any_value(invoice) AS invoice FROM told
    WHERE key IS NOT NULL GROUP BY key HAVING count(DISTINCT invoice) = 1;
CREATE TABLE paying AS
    WITH tied AS (
        SELECT c.*, coalesce(by_charge.invoice, by_intent.invoice) AS pays
        FROM last_charge AS c
        LEFT JOIN payer AS by_charge ON by_charge.key = c.id
        LEFT JOIN payer AS by_intent ON by_intent.key = c.payment_intent
    ), billed AS (  -- whose invoice it is, where a charge names no customer
        SELECT id, arg_max(customer, seen_at) AS customer FROM (
            SELECT id, customer, seen_at FROM invoice
            UNION ALL SELECT invoice_id, customer_id, known_at FROM there_invoices)
        WHERE id IN (SELECT pays FROM tied WHERE customer IS NULL) GROUP BY id
    )
    SELECT t.* REPLACE (coalesce(t.customer, billed.customer) AS customer),
           t.customer IS NULL AND billed.customer IS NOT NULL AS is_by_invoice
    FROM tied AS t LEFT JOIN billed ON billed.id = t.pays;

-- The state of each invoice that was seen last, and what is known to have paid it.
CREATE TABLE last_invoice AS
    SELECT i.*, coalesce(charged.amount, 0) AS charged
    FROM (SELECT id, arg_max(customer, seen_at) AS customer, any_value(currency) AS currency,
                 arg_max(status, seen_at) AS status, arg_max(total, seen_at) AS total,
                 arg_max(amount_remaining, seen_at) AS amount_remaining,
                 arg_max(coalesce(ending_balance - starting_balance, 0), seen_at) AS from_balance,
                 arg_max(coalesce(pre_payment_credit_notes_amount, 0), seen_at) AS credited,
                 arg_max(status_transitions, seen_at) AS status_transitions,
                 arg_max(due_date, seen_at) AS due_date, min(created) AS created,
                 arg_max(subscription, seen_at) AS subscription, max(seen_at) AS seen_at
          FROM invoice GROUP BY id) AS i
    LEFT JOIN (SELECT pays, sum(amount_captured) AS amount FROM paying
               WHERE is_paid AND pays IS NOT NULL GROUP BY pays) AS charged ON charged.pays = i.id;

-- Invoices paid by more than the charges in these files and those of earlier imports. The
-- rest was paid without a charge only if charges were asked for, and none that the invoice
-- names is absent: else it would count twice.
CREATE TABLE paid_apart AS
    WITH earlier AS (
        SELECT invoice_id, sum(amount) AS amount FROM there_payments
        WHERE status = 'succeeded' AND retracted IS NOT true
          AND payment_id <> invoice_id || ':paid' AND payment_id NOT IN (SELECT id FROM paying)
        GROUP BY invoice_id
    ), named AS (
        SELECT id, id_of(charge) AS key FROM invoice WHERE charge IS NOT NULL
        UNION SELECT id, id_of(coalesce(entry.payment.charge, entry.payment.payment_intent))
              FROM (SELECT id, unnest(payments.data) AS entry FROM invoice) WHERE entry.status = 'paid'
        UNION SELECT id_of(invoice), id_of(coalesce(payment.charge, payment.payment_intent))
              FROM objects WHERE object = 'invoice_payment' AND status = 'paid'
    ), absent AS (
        SELECT id FROM named WHERE key NOT IN (
            SELECT id FROM paying
            UNION SELECT payment_intent FROM paying WHERE payment_intent IS NOT NULL
            UNION SELECT payment_id FROM there_payments WHERE invoice_id IS NOT NULL)
    )
    SELECT i.*, coalesce(to_timestamp(status_transitions.paid_at), seen_at) AS paid_at,
           in_major(total - credited - from_balance - charged, i.currency)
               - coalesce(earlier.amount, 0) AS rest,
           'charge' IN (SELECT kind FROM asked) AND id NOT IN (SELECT id FROM absent)
               AS is_counted
    FROM last_invoice AS i LEFT JOIN earlier ON earlier.invoice_id = i.id
    WHERE status = 'paid' AND total > 0 AND rest > 0;

-- What earlier imports took for paid without a charge, less what charges are here for now.
CREATE TABLE taken_apart AS
    WITH newly AS (
        SELECT pays, sum(in_major(amount_captured, currency)) AS amount FROM paying
        WHERE is_paid AND pays IS NOT NULL AND id NOT IN (
            SELECT payment_id FROM there_payments
            WHERE status = 'succeeded' AND invoice_id IS NOT NULL)
        GROUP BY pays
    )
    SELECT t.*, CASE WHEN newly.amount IS NULL OR t.invoice_id IN (SELECT id FROM last_invoice)
                     THEN 0 ELSE t.amount - newly.amount END AS rest
    FROM there_payments AS t LEFT JOIN newly ON newly.pays = t.invoice_id
    WHERE payment_id = invoice_id || ':paid' AND retracted IS NOT true
      AND (newly.amount > 0 OR invoice_id IN (SELECT id FROM last_invoice))
      AND invoice_id NOT IN (SELECT id FROM paid_apart);
