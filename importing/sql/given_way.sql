-- What gives way and what stands again. Before it: `corrected_at(known_at)`, the moment from which a
-- correction is known, and `near(a, b)`, whether two moments lie within the window of a pair.

CREATE MACRO of_bank(id) AS starts_with(id, 'bank-');
-- a system that pays several invoices with one payment numbers its parts 'PAY-1 > SINV-1' or 'txn_1:inv_1'
CREATE MACRO document(id) AS regexp_extract(id, '^(.+?)(?: > .*|:.*)?$', 1);
CREATE MACRO each_payment(rows) AS TABLE
    SELECT payment_id, any_value(customer_id) AS customer_id, any_value(invoice_id) AS invoice_id,
           max(amount) AS amount, min(event_at) AS happened,
           coalesce(any_value(currency), (SELECT any_value(currency) FROM rate WHERE is_main)) AS currency
    FROM query_table(rows) GROUP BY payment_id;
-- most often it is one payment, and a list in order is dear
CREATE MACRO of_invoice(payments) AS TABLE
    WITH counted AS (
        SELECT invoice_id, amount, currency, count(*) AS n, any_value(payment_id) AS id, any_value(epoch(happened)) AS moment
        FROM query_table(payments) WHERE invoice_id IS NOT NULL GROUP BY ALL
    )
    SELECT invoice_id, amount, currency, [id] AS ids, [moment] AS moments FROM counted WHERE n = 1
    UNION ALL
    SELECT invoice_id, amount, currency, list(payment_id ORDER BY happened, payment_id),
           list(epoch(happened) ORDER BY happened, payment_id)
    FROM query_table(payments) SEMI JOIN (FROM counted WHERE n > 1) USING (invoice_id, amount, currency) GROUP BY ALL;

CREATE VIEW stood_row AS FROM there_payments WHERE status = 'succeeded' AND retracted IS NOT true;
CREATE VIEW made_row AS
    FROM (SELECT NULL::BOOLEAN AS retracted WHERE false UNION ALL BY NAME FROM made_payments)
    WHERE status = 'succeeded';
-- what the export says last of each
CREATE VIEW said_row AS FROM made_row QUALIFY row_number() OVER (
    PARTITION BY payment_id ORDER BY known_at DESC, coalesce(retracted, false)) = 1;

-- 1. The source tells for the first time what a bank told. Of what it told before, the bank's file knew.
CREATE VIEW told_first_row AS
    FROM made_row WHERE retracted IS NOT true AND payment_id NOT IN (SELECT payment_id FROM stood_row);
CREATE TABLE told_first AS FROM each_payment('told_first_row');
CREATE VIEW bank_row AS FROM there_payments WHERE of_bank(payment_id) AND retracted IS NOT true;
CREATE TABLE of_banks AS FROM each_payment('bank_row') WHERE payment_id IN (
    SELECT payment_id FROM bank_row WHERE status IN ('succeeded', 'pending'));
CREATE TABLE gives_way AS
    SELECT unnest(list_select(b.ids, paired(b.moments, t.moments))) AS bank,
           unnest(list_select(t.ids, partners(b.moments, t.moments))) AS payment_id
    FROM of_invoice('of_banks') AS b JOIN of_invoice('told_first') AS t USING (invoice_id, amount, currency);
CREATE TABLE given_for AS  -- of one of these payments a bank's gave way: nothing is said of the others
    SELECT DISTINCT invoice_id, amount, currency FROM of_banks WHERE payment_id IN (SELECT bank FROM gives_way);

-- 2. The source takes back what it told. One document that is matched anew is not cancelled, so what stands
-- after this import is looked at, whether this export tells it or an earlier one did.
CREATE VIEW cancelled_row AS FROM stood_row WHERE NOT of_bank(payment_id)
    AND payment_id IN (SELECT payment_id FROM said_row WHERE retracted);
CREATE TABLE cancelled AS FROM each_payment('cancelled_row');
CREATE VIEW standing_row AS
    FROM stood_row WHERE NOT of_bank(payment_id) AND payment_id NOT IN (SELECT payment_id FROM said_row)
    UNION ALL BY NAME FROM said_row WHERE retracted IS NOT true;
CREATE TABLE standing AS FROM each_payment('standing_row');
CREATE VIEW gave_way_row AS
    FROM there_payments WHERE of_bank(payment_id) AND status = 'succeeded' AND retracted;
CREATE TABLE gave_way AS FROM each_payment('gave_way_row');
CREATE TABLE gave_way_to_cancelled AS
    SELECT unnest(list_select(g.ids, paired(g.moments, c.moments))) AS bank,
           unnest(list_select(c.ids, partners(g.moments, c.moments))) AS payment_id
    FROM of_invoice('gave_way') AS g JOIN of_invoice('cancelled') AS c USING (invoice_id, amount, currency);
-- whose own money a bank told: no reason to keep back that of another
CREATE VIEW gave_way_to_standing AS FROM gave_way WHERE payment_id NOT IN (SELECT bank FROM gave_way_to_cancelled);
CREATE VIEW standing_beside AS
    FROM standing WHERE invoice_id IN (SELECT invoice_id FROM gave_way_to_standing);
CREATE TABLE told_by_both AS
    SELECT unnest(list_select(s.ids, partners(g.moments, s.moments))) AS payment_id
    FROM of_invoice('gave_way_to_standing') AS g JOIN of_invoice('standing_beside') AS s
        USING (invoice_id, amount, currency)
    UNION ALL SELECT payment_id FROM gives_way;
CREATE TABLE cancelled_document AS
    SELECT document(payment_id) AS document, customer_id, currency, sum(amount) AS amount,
           min(happened) AS happened
    FROM cancelled GROUP BY ALL
    HAVING bool_or(payment_id IN (SELECT payment_id FROM gave_way_to_cancelled));
CREATE TABLE free AS
    SELECT *, document(payment_id) AS document, payment_id IN (SELECT payment_id FROM told_first) AS is_first
    FROM standing WHERE payment_id NOT IN (SELECT payment_id FROM told_by_both)
        AND customer_id IN (SELECT customer_id FROM cancelled_document);  -- of nobody else it is asked
CREATE TABLE matched_anew AS
    SELECT document FROM cancelled_document
    WHERE document IN (SELECT document(payment_id) FROM standing);
CREATE TABLE really_cancelled AS FROM cancelled_document WHERE document NOT IN (FROM matched_anew);
-- money that may have taken its place: a payment, all parts of one, or all that is new of a customer
CREATE TABLE replacement AS
    SELECT customer_id, currency, amount, happened, payment_id AS id FROM free
    UNION SELECT customer_id, currency, sum(amount), min(happened), document FROM free
    GROUP BY customer_id, currency, document HAVING count(*) > 1
    UNION SELECT customer_id, currency, sum(amount), min(happened), min(document) FROM free
    WHERE is_first GROUP BY customer_id, currency HAVING count(*) > 1;
DELETE FROM replacement WHERE document(id) IN (FROM matched_anew);
CREATE TABLE replaced AS
    SELECT unnest(list_select(c.ids, paired(c.moments, r.moments))) AS document
    FROM (SELECT customer_id, currency, amount, list(document ORDER BY happened, document) AS ids,
                 list(epoch(happened) ORDER BY happened, document) AS moments
          FROM really_cancelled GROUP BY ALL) AS c
    JOIN (SELECT customer_id, currency, amount, list(epoch(happened) ORDER BY happened, id) AS moments
          FROM replacement GROUP BY ALL) AS r USING (customer_id, currency, amount)
    UNION
    SELECT unnest(c.documents)
    FROM (SELECT customer_id, currency, sum(amount) AS amount, min(happened) AS happened,
                 list(document) AS documents
          FROM really_cancelled GROUP BY customer_id, currency HAVING count(*) > 1) AS c
    JOIN replacement AS r USING (customer_id, currency, amount) WHERE near(c.happened, r.happened);
CREATE TABLE stands_again AS
    SELECT bank AS payment_id FROM gave_way_to_cancelled WHERE document(payment_id) NOT IN (FROM replaced)
        AND document(payment_id) NOT IN (FROM matched_anew);
-- what a person has to look at: other money, or a document that is there for less than before
CREATE TABLE stays_back AS
    SELECT bank AS payment_id FROM gave_way_to_cancelled WHERE document(payment_id) IN (FROM replaced)
    UNION ALL SELECT bank FROM gave_way_to_cancelled WHERE document(payment_id) IN (
        FROM matched_anew EXCEPT SELECT c.document FROM cancelled_document AS c JOIN (
            SELECT document(payment_id) AS document, sum(amount) AS amount FROM standing
            WHERE payment_id IN (SELECT payment_id FROM told_first) OR payment_id IN (
                SELECT payment_id FROM made_row)
            GROUP BY ALL) AS s USING (document)
        WHERE s.amount >= c.amount);

-- 3. All that the bank told of it goes, and what came back is of the other payment now.
CREATE TABLE corrections AS
    WITH bank AS (
        SELECT t.* REPLACE (corrected_at(t.known_at) AS known_at), g.payment_id AS other
        FROM there_payments AS t JOIN gives_way AS g ON g.bank = t.payment_id
        WHERE t.retracted IS NOT true)
    SELECT * EXCLUDE other REPLACE (true AS retracted) FROM bank
    UNION ALL BY NAME
    SELECT * EXCLUDE other REPLACE (other AS payment_id) FROM bank
    WHERE status IN ('returned', 'refunded')
      AND (other, status) NOT IN (SELECT (payment_id, status) FROM made_payments)
    UNION ALL BY NAME
    SELECT t.* REPLACE (NULL::BOOLEAN AS retracted, corrected_at(t.known_at) AS known_at)
    FROM there_payments AS t JOIN stands_again AS s USING (payment_id) WHERE t.retracted;

-- 4. What there is to say.
-- of the same customer and amount, and one of the two names no invoice
CREATE TABLE unsure AS
    SELECT payment_id FROM told_first AS t WHERE payment_id NOT IN (SELECT payment_id FROM gives_way)
      AND EXISTS (FROM of_banks AS b WHERE b.payment_id NOT IN (SELECT bank FROM gives_way)
                  AND b.customer_id = t.customer_id AND b.amount = t.amount AND b.currency = t.currency
                  AND (b.invoice_id IS NULL OR t.invoice_id IS NULL) AND near(b.happened, t.happened));
-- both stand there: an import before this rule told one of them, or they are two; one for which a payment of
-- the bank's gave way already is not told twice
CREATE VIEW told_once AS FROM standing WHERE payment_id NOT IN (SELECT payment_id FROM told_by_both);
CREATE TABLE beside AS
    SELECT unnest(list_select(b.ids, paired(b.moments, t.moments))) AS payment_id
    FROM of_invoice('of_banks') AS b JOIN of_invoice('told_once') AS t USING (invoice_id, amount, currency)
    ANTI JOIN given_for USING (invoice_id, amount, currency);
-- the source took back its own in an earlier import, and its sums are without what the bank told
CREATE VIEW cancelled_before_row AS
    FROM there_payments WHERE NOT of_bank(payment_id) AND status = 'succeeded' AND retracted
      AND payment_id NOT IN (SELECT payment_id FROM standing);
CREATE TABLE cancelled_before AS FROM each_payment('cancelled_before_row');
CREATE TABLE stands_since AS
    SELECT unnest(list_select(b.ids, paired(b.moments, c.moments))) AS payment_id
    FROM of_invoice('of_banks') AS b JOIN of_invoice('cancelled_before') AS c USING (invoice_id, amount, currency)
    ANTI JOIN given_for USING (invoice_id, amount, currency);
