-- Days and moments of the database are local; a plain date is over when its day is.
SET VARIABLE timezone = (SELECT timezone FROM setting);
CREATE MACRO moment_of(clock) AS timezone(getvariable('timezone'), clock::TIMESTAMP);
CREATE MACRO end_of_day(day) AS moment_of(day + INTERVAL 1 DAY) - INTERVAL 1 MICROSECOND;

CREATE VIEW client AS
    SELECT c.id, c.country, c.credit, end_of_day(c.datecreated) AS created_at, upper(m.code) AS currency
    FROM tblclients AS c JOIN tblcurrencies AS m ON m.id = c.currency;

-- `total` is what was left to pay once credit was used: what was billed is both. Money
-- that is to become credit, and other invoices paid together, are no debt of their own.
CREATE TABLE document AS
    WITH made AS (  -- a moment in a timezone is dear: each is found once
        SELECT *, coalesce(duedate, date) AS due, moment_of(created_at) AS made_at FROM tblinvoices
    ), due_day AS (
        SELECT due, end_of_day(due) AS due_at FROM made GROUP BY due
    )
    SELECT i.id, i.userid, c.currency, i.status, i.paymentmethod, invoice_state(i.status) AS state,
           i.total, i.credit, i.total + i.credit AS billed,
           i.total + i.credit - coalesce(item.moved, 0) AS amount,
           CASE WHEN i.created_at::DATE = i.date THEN i.made_at ELSE end_of_day(i.date) END AS issued_at,
           greatest(issued_at, i.made_at) AS known_at,  -- it may be dated back
           due_day.due_at, i.duedate IS NULL AS has_no_due_date,
           moment_of(i.date_cancelled) AS cancelled_at, moment_of(i.datepaid) AS paid_at, i.updated_at,
           CASE WHEN item.is_of_one AND item.thing >= 0 THEN item.thing::VARCHAR END AS subscription_id,
           coalesce(i.total + i.credit - coalesce(item.moved, 0) > 0 AND c.currency IS NOT NULL
                    AND state IN ('issued', 'cancelled'), false) AS is_bill
    FROM made AS i JOIN due_day USING (due)
    LEFT JOIN client AS c ON c.id = i.userid
    LEFT JOIN (
        SELECT invoiceid, sum(amount) FILTER (WHERE type IN ('AddFunds', 'Invoice')) AS moved,
               min(thing) = max(thing) AS is_of_one, min(thing) AS thing  -- a service, or below zero
        FROM (SELECT *, CASE WHEN type = 'Hosting' THEN relid ELSE -relid - 1 END AS thing FROM tblinvoiceitems)
        GROUP BY invoiceid
    ) AS item ON item.invoiceid = i.id;

CREATE VIEW bill AS
    FROM document WHERE is_bill;

-- Money in and out, of whom. A row for an invoice may lack its client.
CREATE TABLE entry AS
    SELECT a.id, a.gateway, moment_of(a.date) AS happened_at, a.amountin, a.amountout, a.fees,
           nullif(a.invoiceid, 0) AS invoice, c.id AS userid, c.currency,
           -- money that the invoice only moves to credit or to other invoices names none
           CASE WHEN d.id IS NULL OR d.is_bill THEN nullif(a.invoiceid, 0)::VARCHAR END AS invoice_id,
           nullif(a.refundid, 0) AS refundid
    FROM tblaccounts AS a
    LEFT JOIN document AS d ON d.id = a.invoiceid
    LEFT JOIN client AS c ON c.id = coalesce(nullif(a.userid, 0), d.userid);

CREATE VIEW taken AS FROM entry WHERE amountin > 0 AND currency IS NOT NULL;

-- Money out gives back the payment that it names, else the last that its invoice had.
CREATE TABLE given_back AS
    WITH out AS MATERIALIZED (FROM entry WHERE amountout > 0 AND currency IS NOT NULL)
    SELECT e.*, coalesce(named.id, latest.id) AS payment
    FROM out AS e
    LEFT JOIN (FROM taken WHERE id IN (SELECT refundid FROM out)) AS named
        ON named.id = e.refundid AND named.userid = e.userid
    LEFT JOIN (SELECT invoice, userid, arg_max(id, (happened_at, id)) AS id FROM taken
               WHERE invoice IN (SELECT invoice FROM out) GROUP BY ALL) AS latest
        ON latest.invoice = e.invoice AND latest.userid = e.userid;

-- The whole payment is gone and the invoice asks for it again, or was paid anew: it came
-- back. Otherwise money was given back that nobody asks for.
CREATE TABLE returned AS
    SELECT t.id, max(g.happened_at) AS returned_at
    FROM given_back AS g JOIN taken AS t ON t.id = g.payment
    LEFT JOIN document AS d ON d.id = t.invoice
    GROUP BY t.id, t.amountin, t.invoice, t.happened_at, d.status
    HAVING sum(g.amountout) = t.amountin AND (
        d.status IN ('Unpaid', 'Collections', 'Payment Pending', 'Cancelled')
        OR EXISTS (SELECT 1 FROM taken AS later WHERE later.invoice = t.invoice AND (later.happened_at, later.id) > (t.happened_at, t.id)
                   AND later.happened_at >= max(g.happened_at))
        OR t.id::VARCHAR IN (SELECT payment_id FROM there_payments WHERE status = 'returned'));

-- What an invoice had to get when this was exported.
CREATE VIEW balance AS
    SELECT b.*, b.total - coalesce(e.paid, 0) AS open FROM bill AS b
    LEFT JOIN (SELECT invoice, sum(amountin - amountout) AS paid FROM entry GROUP BY invoice) AS e
        ON e.invoice = b.id;

-- Invoices that WHMCS takes for paid beyond their transactions: somebody set the status, or
-- the transactions stayed in the system before; those for funds, and of invoices paid
-- together, too. What was paid together with others has its money on their invoice; money
-- of the same sum that names no invoice is taken for theirs, one for one.
CREATE TABLE paid_apart AS
    WITH beyond AS (
        SELECT d.*, CASE WHEN d.is_bill THEN least(d.total, d.amount) ELSE d.total END - coalesce(e.taken, 0) AS rest
        FROM document AS d
        LEFT JOIN (SELECT invoice, sum(amountin) AS taken FROM entry GROUP BY invoice) AS e ON e.invoice = d.id
        WHERE d.status IN ('Paid', 'Refunded') AND d.currency IS NOT NULL AND rest > 0
          AND EXISTS (SELECT 1 FROM asked WHERE kind = 'tblaccounts')
          AND d.id NOT IN (
              SELECT item.relid FROM tblinvoiceitems AS item JOIN document AS all_of ON all_of.id = item.invoiceid
              WHERE item.type = 'Invoice' AND item.relid IS NOT NULL
                AND (all_of.status IN ('Paid', 'Refunded') OR all_of.id IN (SELECT invoice FROM taken)))
    )
    SELECT * EXCLUDE nth
    FROM (SELECT *, row_number() OVER (PARTITION BY userid, rest ORDER BY id) AS nth FROM beyond)
    WHERE (userid, rest, nth) NOT IN (
        SELECT (userid, amountin, row_number() OVER (PARTITION BY userid, amountin ORDER BY id))
        FROM taken WHERE invoice IS NULL);

-- Credit that was granted. What came of money in, of an invoice for funds, of invoices
-- paid together or off an invoice is the payment's: the account facts move it anew.
CREATE TABLE credit AS
    SELECT r.*, c.currency, r.amount > 0 AND NOT (
        coalesce(r.description ILIKE 'Add Funds Invoice #%' OR r.description ILIKE '%Overpayment%'
                 OR r.description ILIKE 'Mass Invoice Payment Credit%'
                 OR r.description ILIKE 'Credit Removed from Invoice #%', false)
        OR e.id IS NOT NULL) AS is_granted
    FROM (SELECT *, row_number() OVER (PARTITION BY clientid, amount, date ORDER BY id) AS nth FROM tblcredit) AS r
    LEFT JOIN client AS c ON c.id = r.clientid
    LEFT JOIN (SELECT id, userid, amountin, happened_at, row_number() OVER (
                   PARTITION BY userid, amountin, timezone(getvariable('timezone'), happened_at)::DATE ORDER BY id) AS nth
               FROM taken WHERE invoice IS NULL) AS e
        ON e.userid = r.clientid AND e.amountin = r.amount AND e.nth = r.nth
       AND timezone(getvariable('timezone'), e.happened_at)::DATE = r.date;

-- Modules of payment that come with WHMCS; others are `other`.
CREATE MACRO method_of(gateway) AS CASE
    WHEN gateway IN ('stripe', 'authorize', 'authorizecim', 'paypalpaymentspro', 'payflowpro', 'eway', 'sagepay',
                     'worldpay', 'tco', 'quantumgateway', 'bluepay', 'offlinecc', 'paypal_acdc') THEN 'card'
    WHEN gateway IN ('gocardless', 'directdebit', 'stripe_sepa', 'stripe_ach', 'stripe_bacs', 'authorizeecheck') THEN 'direct_debit'
    WHEN gateway = 'banktransfer' THEN 'bank_transfer'
    WHEN gateway IN ('paypal', 'paypalcheckout', 'paypal_ppcpv', 'skrill', 'alipay') THEN 'wallet'
    WHEN gateway = 'mailin' THEN 'cheque'
    WHEN gateway IS NOT NULL THEN 'other' END;
