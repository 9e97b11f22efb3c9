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
        FROM (SELECT file, row, seen_at, id AS charge, currency,
                     unnest(json_transform(json_extract(refunds, '$.data'), '[{"id": "VARCHAR",
                         "amount": "DOUBLE", "created": "BIGINT", "status": "VARCHAR", "currency": "VARCHAR"}]')) AS entry
              FROM charge WHERE refunds IS NOT NULL)
    )
    FROM own UNION ALL FROM listed WHERE id NOT IN (SELECT id FROM own);

-- Of each id what was seen of it last, and of what that leaves empty the last that was
-- told. A window goes to disk where it is large, and takes less time than `arg_max`.
CREATE MACRO last_told(states) AS TABLE
    SELECT id, min(created) OVER told AS created, max(seen_at) OVER told AS seen_at,
           last_value(COLUMNS(* EXCLUDE (id, created, seen_at)) IGNORE NULLS) OVER told
    FROM query_table(states)
    WINDOW told AS (PARTITION BY id ORDER BY seen_at
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    QUALIFY row_number() OVER told = 1;

-- The state of each charge. Of a capture in part Stripe gives back the rest by a refund of
-- its own: of money that never came.
CREATE VIEW seen_charge AS
    SELECT id, customer, currency, id_of(payment_intent) AS payment_intent,
           id_of(invoice) AS invoice, amount_refunded,
           CASE WHEN status = 'succeeded' AND captured AND amount_refunded >= amount - amount_captured
                THEN amount - amount_captured ELSE 0 END AS not_captured,
           coalesce(amount_captured, amount) AS amount_captured, status,
           coalesce(captured, true) AS is_captured, file, row, seen_at, created
    FROM charge;
CREATE TABLE last_charge AS
    SELECT * EXCLUDE (status, is_captured) REPLACE (amount_refunded - not_captured AS amount_refunded),
           status = 'succeeded' AND is_captured AS is_paid
    FROM last_told('seen_charge');
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
        SELECT id AS key, invoice FROM last_charge
        UNION SELECT id_of(charge), id FROM invoice
        UNION SELECT id_of(payment_intent), id FROM invoice
        UNION SELECT id_of(coalesce(entry.payment.charge, entry.payment.payment_intent)), id
              FROM (SELECT id, unnest(payments.data) AS entry FROM invoice)
        UNION SELECT id_of(coalesce(payment.charge, payment.payment_intent)), id_of(invoice)
              FROM objects WHERE object = 'invoice_payment'
    )
    FROM told WHERE key IS NOT NULL AND invoice IS NOT NULL
    QUALIFY count(*) OVER (PARTITION BY key) = 1;
-- a statement for each join: those of one hold their memory at the same time
CREATE TABLE tied AS
    SELECT c.*, p.invoice AS pays FROM last_charge AS c LEFT JOIN payer AS p ON p.key = c.id;
CREATE TABLE tied_twice AS
    SELECT t.* REPLACE (coalesce(t.pays, p.invoice) AS pays) FROM tied AS t LEFT JOIN payer AS p ON p.key = t.payment_intent;
CREATE TABLE billed AS  -- whose invoice it is, where a charge names no customer
    SELECT id, arg_max(customer, seen_at) AS customer FROM (
        SELECT id, customer, seen_at FROM invoice
        UNION ALL SELECT invoice_id, customer_id, known_at FROM there_invoices)
    WHERE id IN (SELECT pays FROM tied_twice WHERE customer IS NULL) GROUP BY id;
CREATE TABLE paying AS
    SELECT t.* REPLACE (coalesce(t.customer, billed.customer) AS customer),
           t.customer IS NULL AND billed.customer IS NOT NULL AS is_by_invoice
    FROM tied_twice AS t LEFT JOIN billed ON billed.id = t.pays;
DROP TABLE tied;
DROP TABLE tied_twice;

-- What a charge paid of each of several invoices. As a payment it is the customer's and
-- names none of them.
CREATE TABLE share AS
    WITH told AS (
        SELECT id AS key_id, id_of(coalesce(payment.charge, payment.payment_intent)) AS key,
               id_of(invoice) AS invoice, amount_paid AS amount, seen_at
        FROM objects WHERE object = 'invoice_payment' AND status = 'paid'
        UNION ALL
        SELECT entry.id, id_of(coalesce(entry.payment.charge, entry.payment.payment_intent)), id,
               entry.amount_paid, seen_at
        FROM (SELECT id, seen_at, unnest(payments.data) AS entry FROM invoice) WHERE entry.status = 'paid'
    ), last_told_share AS (
        FROM told WHERE amount > 0 AND key NOT IN (SELECT key FROM payer)
        QUALIFY row_number() OVER (PARTITION BY key_id ORDER BY seen_at DESC) = 1
    )
    SELECT p.id AS charge, s.invoice, s.amount FROM last_told_share AS s JOIN (
        SELECT id, id AS key FROM paying WHERE is_paid AND pays IS NULL
        UNION SELECT id, payment_intent FROM paying WHERE is_paid AND pays IS NULL) AS p USING (key);

-- The state of each invoice, and what is known to have paid it.
CREATE VIEW seen_invoice AS
    SELECT id, customer, currency, status, total, amount_remaining,
           coalesce(ending_balance - starting_balance, 0) AS from_balance,
           coalesce(pre_payment_credit_notes_amount, 0) AS credited,
           status_transitions, due_date, subscription, seen_at, created
    FROM invoice;
CREATE TABLE last_state AS FROM last_told('seen_invoice');
CREATE TABLE last_invoice AS
    SELECT i.*, coalesce(charged.amount, 0) AS charged FROM last_state AS i
    LEFT JOIN (SELECT pays, sum(amount_captured) AS amount FROM (
                   SELECT pays, amount_captured FROM paying WHERE is_paid AND pays IS NOT NULL
                   UNION ALL SELECT invoice, amount FROM share)
               GROUP BY pays) AS charged ON charged.pays = i.id;
DROP TABLE last_state;

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
CREATE TABLE taken_before AS
    FROM there_payments WHERE payment_id = invoice_id || ':paid' AND retracted IS NOT true;
CREATE TABLE taken_apart AS
    WITH newly AS (
        SELECT pays, sum(in_major(amount_captured, currency)) AS amount FROM paying
        WHERE is_paid AND pays IN (SELECT invoice_id FROM taken_before) AND id NOT IN (
            SELECT payment_id FROM there_payments
            WHERE status = 'succeeded' AND invoice_id IS NOT NULL)
        GROUP BY pays
    ), billed AS (
        SELECT id FROM last_invoice WHERE id IN (SELECT invoice_id FROM taken_before)
    )
    SELECT t.*, CASE WHEN newly.amount IS NULL OR t.invoice_id IN (FROM billed)
                     THEN 0 ELSE t.amount - newly.amount END AS rest
    FROM taken_before AS t LEFT JOIN newly ON newly.pays = t.invoice_id
    WHERE (newly.amount > 0 OR invoice_id IN (FROM billed))
      AND invoice_id NOT IN (SELECT id FROM paid_apart);

-- What each telling of a charge makes of it as a payment. A direct debit is under way
-- first, and what was pending is known to have ended since it was seen so.
CREATE TABLE followed AS
    SELECT id FROM charge WHERE NOT (status = 'succeeded' AND NOT coalesce(captured, true))
    GROUP BY id HAVING count(*) > 1;
CREATE TABLE charge_told AS
    WITH told AS (
        SELECT c.id, c.seen_at, to_timestamp(c.created) AS created, c.currency, c.amount,
               coalesce(c.amount_captured, c.amount) AS captured, p.pays, p.customer AS payer,
               charge_state(c.status) AS state, decline_of(failure_code, outcome) AS decline,
               payment_method_of(payment_method_details.type) AS method,
               coalesce(payment_method_details.card.fingerprint,
                        payment_method_details.sepa_debit.fingerprint,
                        payment_method_details.us_bank_account.fingerprint,
                        payment_method_details.bacs_debit.fingerprint,
                        payment_method_details.au_becs_debit.fingerprint,
                        payment_method_details.acss_debit.fingerprint,
                        id_of(payment_method)) AS instrument_id,
               upper(payment_method_details.card.country) AS card_country,
               funding_of(payment_method_details.card.funding) AS card_funding,
               c.id IN (FROM followed) AS is_followed,
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
    )
    SELECT payer AS customer_id, id AS payment_id, state AS status, is_followed, seen_at,
           CASE WHEN state = 'succeeded' THEN captured ELSE amount END AS minor,
           CASE WHEN state = 'pending' THEN created
                WHEN was_pending THEN seen_at
                WHEN method IS NOT DISTINCT FROM 'direct_debit'
                THEN CASE WHEN is_followed THEN seen_at ELSE settled(created, seen_at) END
                WHEN was_pending_before OR state = 'succeeded' AND was_held THEN seen_at  -- captured later
                ELSE created END AS happened,
           method, pays AS invoice_id, currency,
           CASE WHEN state = 'failed' THEN failure_of(decline) END AS failure_code,
           instrument_id, card_country, card_funding
    FROM told
    UNION ALL
    SELECT payer, id, 'pending', is_followed, seen_at, amount, created, method, pays, currency, NULL, NULL, NULL, NULL
    FROM told WHERE method = 'direct_debit' AND state <> 'pending';
