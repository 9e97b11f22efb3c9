-- Chargebee writes currencies that have no decimals by ISO 4217 as they are, all others as
-- hundredths: also those with three decimals, such as KWD.
CREATE MACRO in_major(minor, currency) AS CAST(minor::DECIMAL(18, 0) * CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX',
                      'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1.0000
    ELSE 0.0100 END AS DECIMAL(18, 4));

-- Of each object the state that was seen last. Most are told once, and an order is dear.
CREATE MACRO last_states(kind) AS TABLE
    WITH several AS (SELECT id FROM query_table(kind) GROUP BY id HAVING count(*) > 1)
    FROM query_table(kind) WHERE id NOT IN (FROM several)
    UNION ALL
    FROM query_table(kind) WHERE id IN (FROM several)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY seen_at DESC, event NULLS FIRST, row DESC) = 1;

CREATE TABLE last_invoice AS
    SELECT *, invoice_state(status) IS NOT NULL AS is_counted,
           greatest(date, coalesce(generated_at, date)) AS known,
           status = 'voided' OR coalesce(deleted, false) AS is_void
    FROM last_states('invoice');

-- Tax that a customer pays to the state in place of the invoice's last part.
CREATE VIEW withheld AS
    SELECT i.*, i.id || ':withheld' AS withheld_id, tax.cents, coalesce(to_timestamp(tax.day), i.known) AS withheld_at
    FROM (FROM last_invoice WHERE is_counted AND NOT is_void AND linked_taxes_withheld <> '[]') AS i, LATERAL (
        SELECT sum(t.amount) AS cents, max(t.date) AS day FROM (
            SELECT unnest(from_json(i.linked_taxes_withheld, '[{"amount": "BIGINT", "date": "BIGINT"}]')) AS t)) AS tax
    WHERE tax.cents > 0;

-- A write-off is an adjustment note; taken off its invoice it is one no more. A note for a
-- chargeback goes with the refund that the bank took, and both are the dispute's.
CREATE TABLE last_note AS
    SELECT *, greatest(date, coalesce(generated_at, date)) AS known,
           status = 'voided' OR coalesce(deleted, false) AS is_void,
           reason_code IS NOT DISTINCT FROM 'chargeback'
               OR lower(create_reason_code) IS NOT DISTINCT FROM 'chargeback' AS is_chargeback,
           reason_code IS NOT DISTINCT FROM 'write_off'
               OR lower(create_reason_code) IS NOT DISTINCT FROM 'write off' AS is_write_off,
           CASE WHEN is_write_off THEN coalesce(amount_allocated, total) ELSE total END AS amount
    FROM last_states('credit_note');

-- The state of each transaction that was seen last; what an invoice says of one that is
-- not in these files, nor in the portfolio, stands in for it.
CREATE TABLE last_transaction AS
    WITH whole AS (
        SELECT *, coalesce(transaction_kind(type), '') AS kind, transaction_state(status) AS state,
               method_of(payment_method) AS method
        FROM last_states('transaction')
    ), linked AS (
        SELECT l.*, i.customer_id FROM linked_payment AS l
        JOIN last_invoice AS i ON i.id = l.invoice_id AND i.file = l.file AND i.row = l.row
        WHERE l.txn_id NOT IN (SELECT id FROM whole)
          AND l.txn_id NOT IN (SELECT split_part(payment_id, ':', 1) FROM there_payments)
    )
    SELECT id, kind, state, status, date, settled_at, voided_at, updated_at, seen_at, event, customer_id,
           currency_code, amount, payment_method, method, payment_source_id, fraud_flag,
           coalesce(decline_code, error_code) AS decline,
           coalesce(refunded_txn_id, reference_transaction_id,
                    CASE kind WHEN 'reversal' THEN reversed_id END) AS other_id, reversal_transaction_id,
           coalesce(deleted, false) AS is_deleted, file, row, true AS is_whole
    FROM whole
    UNION ALL BY NAME
    SELECT txn_id AS id, 'payment' AS kind, transaction_state(any_value(txn_status)) AS state,
           any_value(txn_status) AS status, any_value(coalesce(txn_date, applied_at)) AS date,
           max(seen_at) AS seen_at, any_value(customer_id) AS customer_id,
           any_value(currency_code) AS currency_code, sum(applied_amount) AS amount,
           false AS is_deleted, any_value(file) AS file, any_value(row) AS row, false AS is_whole
    FROM linked GROUP BY txn_id;

-- A payment of several invoices is several payments: the first keeps its name and what is
-- not applied yet, the others are named after their invoice too.
CREATE TABLE part AS
    WITH link AS (
        SELECT l.transaction_id AS id, l.invoice_id, l.applied_amount, l.applied_at
        FROM linked_invoice AS l JOIN last_transaction AS t
            ON t.id = l.transaction_id AND t.file = l.file AND t.row = l.row AND t.is_whole
        UNION ALL
        SELECT l.txn_id, l.invoice_id, l.applied_amount, l.applied_at FROM linked_payment AS l
        JOIN last_invoice AS i ON i.id = l.invoice_id AND i.file = l.file AND i.row = l.row
    ), told AS MATERIALIZED (  -- both ends may tell of one link
        SELECT id, invoice_id, max(applied_amount) AS applied_amount, min(applied_at) AS applied_at
        FROM link GROUP BY id, invoice_id
    ), several AS MATERIALIZED (  -- most are of one invoice: those need no order
        SELECT hash(id) AS paying FROM told GROUP BY paying HAVING count(*) > 1
    ), nth AS (
        SELECT *, row_number() OVER (PARTITION BY id ORDER BY applied_at NULLS LAST, invoice_id) AS nth,
               coalesce(sum(applied_amount) OVER (PARTITION BY id ORDER BY applied_at NULLS LAST, invoice_id
                   ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS others
        FROM told WHERE hash(id) IN (FROM several)
        UNION ALL
        SELECT *, 1, 0 FROM told WHERE hash(id) NOT IN (FROM several)
    )
    SELECT t.*, n.invoice_id, coalesce(i.customer_id, t.customer_id) AS owes,
           CASE WHEN n.nth > 1 THEN t.id || ':' || n.invoice_id ELSE t.id END AS payment_id,
           CASE WHEN n.nth > 1 THEN n.applied_amount
                WHEN n.nth = 1 AND t.state = 'succeeded' THEN t.amount - n.others
                ELSE t.amount END AS cents
    FROM last_transaction AS t LEFT JOIN nth AS n ON n.id = t.id AND (n.nth = 1 OR t.state = 'succeeded')
    LEFT JOIN last_invoice AS i ON i.id = n.invoice_id
    WHERE t.kind = 'payment';

-- When a payment that had succeeded came back: by a reversal, of which either may name the
-- other, or by its own state.
CREATE VIEW returned AS
    WITH reversal AS (
        SELECT other_id AS payment, date, decline FROM last_transaction
        WHERE kind = 'reversal' AND state = 'succeeded' AND other_id IS NOT NULL
        UNION ALL
        SELECT p.id, r.date, r.decline FROM last_transaction AS p
        JOIN last_transaction AS r ON r.id = p.reversal_transaction_id
        WHERE r.kind = 'reversal' AND r.state = 'succeeded'
    )
    SELECT p.id, coalesce(min(r.date), min(e.happened), min(p.updated_at), min(p.seen_at)) AS happened,
           any_value(coalesce(r.decline, p.decline)) AS decline
    FROM last_transaction AS p
    LEFT JOIN reversal AS r ON r.payment = p.id
    LEFT JOIN (SELECT id, min(seen_at) AS happened FROM transaction
               WHERE status = 'late_failure' AND event IS NOT NULL GROUP BY id) AS e ON e.id = p.id
    WHERE p.kind = 'payment' AND (p.status = 'late_failure' OR r.payment IS NOT NULL)
    GROUP BY p.id;

-- Money given back, and what a bank took back by a chargeback.
CREATE TABLE back AS
    SELECT t.*, t.payment_method IS NOT DISTINCT FROM 'chargeback' AS is_chargeback,
           coalesce(p.payment_id, e.payment_id) AS payment_id, coalesce(p.invoice_id, e.invoice_id) AS invoice_id,
           coalesce(p.owes, e.customer_id) AS owes
    FROM last_transaction AS t
    LEFT JOIN part AS p ON p.payment_id = t.other_id
    LEFT JOIN (SELECT payment_id, any_value(invoice_id) AS invoice_id, any_value(customer_id) AS customer_id
               FROM there_payments WHERE status = 'succeeded' GROUP BY payment_id) AS e
        ON e.payment_id = t.other_id
    WHERE t.kind = 'refund' AND t.status = 'success' AND NOT t.is_deleted;

-- Words for a decline that Chargebee's gateways share; others go on as they are.
CREATE MACRO failure_of(decline) AS CASE
    WHEN decline ILIKE '%insufficient%' THEN 'insufficient_funds'
    WHEN decline ILIKE '%expired%' THEN 'expired_card'
    WHEN decline ILIKE '%lost%' OR decline ILIKE '%stolen%' OR decline ILIKE '%pickup%' THEN 'lost_or_stolen'
    WHEN decline ILIKE '%do_not_honor%' OR decline ILIKE 'card_declined' OR decline ILIKE 'generic_decline'
        THEN 'do_not_honor'
    WHEN decline ILIKE '%account_closed%' OR decline ILIKE '%invalid_account%'
        OR decline ILIKE '%incorrect_number%' THEN 'invalid_account'
    ELSE lower(decline) END;

-- A subscription as it was seen each time, once however often that was told; its items
-- together, per 30 days.
CREATE TABLE priced AS
    WITH seen AS (
        FROM subscription QUALIFY row_number() OVER (
            PARTITION BY id, seen_at ORDER BY event NULLS FIRST, row DESC) = 1
    ), item AS (
        SELECT s.id, s.seen_at, i.item_price_id, i.quantity,
               coalesce(i.amount, i.unit_price * coalesce(i.quantity, 1)) AS cents,
               i.metered_quantity IS NOT NULL AS is_metered
        FROM seen AS s JOIN subscription_item AS i
            ON i.subscription_id = s.id AND i.file = s.file AND i.row = s.row
        WHERE i.item_type IS DISTINCT FROM 'charge'
        UNION ALL
        SELECT id, seen_at, plan_id, plan_quantity, plan_unit_price * coalesce(plan_quantity, 1), false
        FROM seen WHERE plan_id IS NOT NULL
    ), summed AS (
        SELECT id, seen_at, min(item_price_id) AS product, bool_and(is_metered) AS is_usage,
               sum(cents) FILTER (WHERE NOT is_metered) AS cents,
               CASE WHEN count(*) = 1 THEN coalesce(any_value(quantity), 1) ELSE 1 END AS quantity
        FROM item GROUP BY id, seen_at
    )
    SELECT s.*, m.product, CASE WHEN m.is_usage THEN 'usage' WHEN m.id IS NOT NULL THEN 'license' END AS billing,
           CASE WHEN NOT m.is_usage THEN m.quantity END AS quantity,
           CASE WHEN NOT m.is_usage THEN (in_major(m.cents, s.currency_code) * rate.rate / nullif(m.quantity, 0)
               * CASE s.billing_period_unit WHEN 'day' THEN 30.0 WHEN 'week' THEN 30.0 / 7
                      WHEN 'month' THEN 1.0 WHEN 'year' THEN 1.0 / 12 END
               / coalesce(nullif(s.billing_period, 0), 1))::DECIMAL(18, 4) END AS unit_price
    FROM seen AS s LEFT JOIN summed AS m ON m.id = s.id AND m.seen_at = s.seen_at
    LEFT JOIN rate ON rate.currency = s.currency_code;
CREATE TABLE last_subscription AS
    FROM priced QUALIFY row_number() OVER (PARTITION BY id ORDER BY seen_at DESC) = 1;
