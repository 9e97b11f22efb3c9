-- Lago's smallest units are those of the Ruby library Money 7: none for these (HUF, ISK
-- and UGX among them), a thousandth for those, else a hundredth.
CREATE MACRO in_major(minor, currency) AS CAST(minor::DECIMAL(18, 0) * CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'HUF', 'ISK', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG',
                      'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1.0000
    WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0010
    WHEN currency = 'CLF' THEN 0.0001
    WHEN currency = 'MRO' THEN 0.2000
    ELSE 0.0100 END AS DECIMAL(18, 4));

-- A plain date is over when the customer's own day is.
CREATE MACRO end_of_day(day, zone) AS
    timezone(coalesce(zone, 'UTC'), (day + INTERVAL 1 DAY)::TIMESTAMP) - INTERVAL 1 MICROSECOND;

-- Whose credit notes are known: those whose list is among the files, and who has one in
-- them or in the portfolio.
CREATE TABLE credited AS
    SELECT customer FROM invoice WHERE 'credit_note' IN (SELECT kind FROM asked)
    UNION SELECT customer FROM credit_note WHERE customer IS NOT NULL
    UNION SELECT i.customer FROM credit_note AS n JOIN invoice AS i ON i.lago_id = n.lago_invoice_id
    UNION SELECT customer_id FROM there_invoices
          WHERE kind = 'credit_note' AND invoice_id NOT LIKE '%:void' AND retracted IS NOT true;

-- The state of each invoice that was seen last. Its total is what was left after credit
-- notes were used; the account facts use them anew, so what they paid is added again,
-- where they are known. A self-billed invoice is owed to the partner.
CREATE TABLE last_invoice AS
    SELECT * EXCLUDE (moment), CASE WHEN created_at < end_of_day(issuing_date - 1, zone)
                   THEN least(end_of_day(issuing_date, zone), moment) ELSE created_at END AS issued,
           end_of_day(coalesce(payment_due_date, issuing_date), zone) AS due,
           total_amount_cents + CASE WHEN customer IN (FROM credited)
               THEN coalesce(credit_notes_amount_cents, 0) ELSE 0 END AS gross,
           invoice_state(status) IS NOT NULL AND NOT coalesce(self_billed, false) AS is_counted,
           coalesce(voided_at, seen_at) AS gone
    FROM (FROM invoice QUALIFY row_number() OVER (
              PARTITION BY lago_id ORDER BY seen_at DESC, event NULLS FIRST, row DESC) = 1), export;

CREATE TABLE last_payment AS
    SELECT *, payment_state(payment_status) AS state,
           coalesce(method_of_type(type), method_of_provider(payment_provider_type)) AS method,
           CASE WHEN len(invoice_ids) = 1 THEN invoice_ids[1] END AS pays
    FROM payment QUALIFY row_number() OVER (PARTITION BY lago_id ORDER BY
        payment_state(payment_status) IN ('succeeded', 'failed') DESC, seen_at DESC,
        event NULLS FIRST, row DESC) = 1;

-- The state of each credit note that was seen last. A voided one no longer says what of it
-- was used; the customer's invoices do: what they used beyond the other notes is its part.
CREATE TABLE last_note AS
    WITH last AS (
        SELECT n.* REPLACE (coalesce(n.customer, i.customer) AS customer),
               coalesce(n.customer, i.customer) IS NOT NULL AND coalesce(i.is_counted, true)
                   AND NOT coalesce(n.self_billed, false) AS is_counted
        FROM (FROM credit_note QUALIFY row_number() OVER (
                  PARTITION BY lago_id ORDER BY seen_at DESC, event NULLS FIRST, row DESC) = 1) AS n
        LEFT JOIN last_invoice AS i ON i.lago_id = n.lago_invoice_id
    ), used AS (
        SELECT customer, currency, sum(credit_notes_amount_cents) AS cents FROM last_invoice
        WHERE is_counted GROUP BY ALL
    ), told AS (
        SELECT customer, currency, sum(credit_amount_cents - balance_amount_cents) AS cents FROM last
        WHERE credit_status IS DISTINCT FROM 'voided' GROUP BY ALL
    ), voided AS (
        SELECT l.lago_id, l.credit_amount_cents AS most,
               coalesce(used.cents, 0) - coalesce(told.cents, 0) - coalesce(sum(l.credit_amount_cents) OVER (
                   PARTITION BY l.customer, l.currency ORDER BY l.created_at, l.lago_id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS rest
        FROM last AS l LEFT JOIN used USING (customer, currency) LEFT JOIN told USING (customer, currency)
        WHERE credit_status = 'voided'
    )
    SELECT last.*, coalesce(refund_amount_cents, 0) + coalesce(offset_amount_cents, 0) AS given,
           CASE WHEN credit_status IS DISTINCT FROM 'voided' THEN credit_amount_cents
                ELSE greatest(0, least(most, rest)) END AS credit
    FROM last LEFT JOIN voided USING (lago_id);

-- Customers whose invoices used more credit than the credit notes that are known gave: a
-- note is missing, so they seem to owe what it paid.
CREATE TABLE unexplained AS
    WITH used AS (
        SELECT customer, currency, sum(credit_notes_amount_cents) AS cents, arg_max(lago_id, created_at) AS lago_id,
               arg_max(file, created_at) AS file, arg_max(row, created_at) AS row
        FROM last_invoice WHERE is_counted AND credit_notes_amount_cents > 0 AND customer IN (FROM credited) GROUP BY ALL
    ), known AS (
        SELECT customer, currency, sum(in_major(CASE WHEN credit_status = 'voided' THEN credit_amount_cents
                   ELSE credit_amount_cents - balance_amount_cents END, currency)) AS amount
        FROM last_note GROUP BY ALL
        UNION ALL
        SELECT customer_id, currency, sum(amount) FROM there_invoices AS n
        WHERE kind = 'credit_note' AND invoice_id NOT LIKE '%:void' AND retracted IS NOT true
          AND invoice_id NOT IN (SELECT lago_id FROM last_note)
          -- an invoice that only an earlier import told may have used it: nothing says how much
          AND NOT EXISTS (SELECT 1 FROM there_invoices AS i
                          WHERE i.customer_id = n.customer_id AND i.kind = 'invoice' AND i.event_at >= n.event_at
                            AND i.retracted IS NOT true AND i.invoice_id NOT IN (SELECT lago_id FROM last_invoice))
        GROUP BY ALL
    ), summed AS (
        SELECT customer, currency, sum(amount) AS amount FROM known GROUP BY ALL
    )
    SELECT u.*, in_major(u.cents, currency) - coalesce(k.amount, 0) AS missing
    FROM used AS u LEFT JOIN summed AS k USING (customer, currency)
    WHERE in_major(u.cents, currency) > coalesce(k.amount, 0);

-- What a voided invoice asked for beyond its credit notes is taken back by one of our own:
-- the invoice itself stays, for payments and credit notes name it.
CREATE VIEW void_rest AS
    SELECT i.*, i.gross - coalesce(noted.cents, 0) AS rest
    FROM last_invoice AS i
    LEFT JOIN (SELECT lago_invoice_id, sum(given + credit) AS cents FROM last_note
               GROUP BY lago_invoice_id) AS noted ON noted.lago_invoice_id = i.lago_id
    WHERE i.status = 'voided' AND i.is_counted AND rest > 0;

-- Invoices that Lago takes for paid, beyond the payments in these files and in earlier
-- imports: somebody set the status, or the fees were paid in advance.
CREATE TABLE paid_apart AS
    WITH earlier AS (
        SELECT invoice_id, sum(amount) AS amount FROM there_payments
        WHERE status = 'succeeded' AND retracted IS NOT true AND payment_id NOT LIKE '%:paid'
          AND payment_id NOT IN (SELECT lago_id FROM last_payment) GROUP BY invoice_id
    ), paid AS (
        SELECT pays, sum(in_major(amount_cents, amount_currency)) AS amount FROM last_payment
        WHERE state = 'succeeded' GROUP BY pays
    ), shared AS (
        SELECT unnest(invoice_ids) AS lago_id FROM last_payment
        WHERE state = 'succeeded' AND len(invoice_ids) > 1
    ), offsets AS (
        SELECT lago_invoice_id, sum(offset_amount_cents) AS cents FROM last_note GROUP BY ALL
    )
    SELECT i.*, in_major(i.total_amount_cents - coalesce(offsets.cents, 0), i.currency)
               - coalesce(paid.amount, 0) - coalesce(earlier.amount, 0) AS rest,
           'payment' IN (SELECT kind FROM asked) AS is_looked_at
    FROM last_invoice AS i LEFT JOIN paid ON paid.pays = i.lago_id
    LEFT JOIN earlier ON earlier.invoice_id = i.lago_id
    LEFT JOIN offsets ON offsets.lago_invoice_id = i.lago_id
    WHERE i.payment_status = 'succeeded' AND i.is_counted
      AND i.lago_id NOT IN (SELECT lago_id FROM shared);

-- The payment that a refund gives back: the last that paid the note's invoice.
CREATE TABLE refund AS
    SELECT n.*, coalesce(taken.payment_id, i.lago_id || ':paid') AS payment_id,
           taken.payment_id IS NOT NULL OR i.lago_id IS NOT NULL AS has_payment
    FROM last_note AS n
    LEFT JOIN (
        SELECT pays, arg_max(payment_id, happened) AS payment_id FROM (
            SELECT pays, lago_id AS payment_id, created_at AS happened FROM last_payment
            WHERE state = 'succeeded'
            UNION ALL SELECT invoice_id, payment_id, event_at FROM there_payments
            WHERE status = 'succeeded' AND retracted IS NOT true) GROUP BY pays
    ) AS taken ON taken.pays = n.lago_invoice_id
    LEFT JOIN paid_apart AS i ON i.lago_id = n.lago_invoice_id AND i.rest > 0 AND i.is_looked_at
    WHERE n.refund_amount_cents > 0 AND n.is_counted;

-- The state of each subscription that was seen last; its plan says for how long the price is.
CREATE TABLE last_subscription AS
    SELECT s.* REPLACE (coalesce(s.interval, p.interval) AS interval,
                        coalesce(s.trial_period, p.trial_period) AS trial_period),
           CASE coalesce(s.interval, p.interval) WHEN 'weekly' THEN 30.0 / 7 WHEN 'monthly' THEN 1.0
                WHEN 'quarterly' THEN 1.0 / 3 WHEN 'semiannual' THEN 1.0 / 6
                WHEN 'yearly' THEN 1.0 / 12 END AS a_month
    FROM (FROM subscription QUALIFY row_number() OVER (
              PARTITION BY lago_id ORDER BY terminated_at NULLS LAST, seen_at DESC, row DESC) = 1) AS s
    LEFT JOIN (SELECT code, any_value(interval) AS interval, any_value(trial_period) AS trial_period
               FROM plan GROUP BY code) AS p ON p.code = s.plan_code;
