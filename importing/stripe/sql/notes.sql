INSERT INTO note SELECT 'left out', count(*), 'objects of kind ' || object || ', which say nothing here'
FROM objects WHERE object NOT IN ('customer', 'subscription', 'invoice', 'credit_note', 'charge',
    'refund', 'dispute', 'radar.early_fraud_warning', 'review', 'invoice_payment',
    'customer_balance_transaction') GROUP BY object;
INSERT INTO note SELECT 'left out', count(*), 'charges of no customer (guests), with what hangs on them'
FROM paying WHERE customer IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'charges that name no customer are of the customer whose invoice they pay'
FROM paying WHERE is_by_invoice;
INSERT INTO note SELECT 'assumed', count(DISTINCT charge), 'charges that pay several invoices: the customer is paid, the oldest due invoice first'
FROM share;
INSERT INTO note SELECT 'look at', count(*), 'charges of less than the invoice payments of them say, first ' || min(id)
FROM paying JOIN (SELECT charge, sum(amount) AS amount FROM share GROUP BY charge) AS s ON s.charge = paying.id
WHERE s.amount > amount_captured;
INSERT INTO note SELECT 'left out', count(*), 'invoices still in draft' FROM last_invoice WHERE status = 'draft';
INSERT INTO note SELECT 'left out', count(*), 'charges that were authorised and never captured'
FROM charge WHERE status = 'succeeded' AND NOT captured;
INSERT INTO note SELECT 'left out', count(*), 'refunds under way, or of a charge that is not in these files'
FROM refund WHERE status IN ('pending', 'requires_action') OR charge IS NULL
    OR charge NOT IN (SELECT id FROM last_charge);
INSERT INTO note SELECT 'left out', count(*), 'disputes, reviews or warnings of charges that are not in these files'
FROM objects WHERE object IN ('dispute', 'radar.early_fraud_warning') AND id_of(charge) NOT IN (SELECT id FROM last_charge);
INSERT INTO note SELECT 'left out', count(*), 'changes of a balance to the customer''s debit; the next invoice asks for them'
FROM balance_change WHERE amount > 0 AND type IN ('adjustment', 'initial', 'migration');
INSERT INTO note SELECT 'left out', count(*), 'subscriptions that never began (incomplete)'
FROM subscription WHERE status IN ('incomplete', 'incomplete_expired');
INSERT INTO note SELECT 'assumed', count(*), 'direct debits succeeded or failed after the settlement days of portfolio.yaml: no event says when'
FROM (SELECT id FROM charge WHERE payment_method_of(payment_method_details.type) = 'direct_debit'
      GROUP BY id HAVING count(*) = 1 AND any_value(status) <> 'pending');
INSERT INTO note SELECT 'assumed', count(*), 'disputes ended when this was exported: no event and no transaction says when'
FROM dispute WHERE dispute_state(status) IN ('lost', 'withdrawn')
    AND id NOT IN (SELECT id FROM dispute GROUP BY id HAVING count(*) > 1);
INSERT INTO note SELECT 'assumed', count(*), 'invoices that are due when issued, for they name no due date'
FROM last_invoice WHERE due_date IS NULL AND status <> 'draft' AND total > 0;
INSERT INTO note SELECT 'assumed', count(*), 'invoices paid without (enough of) a readable charge in these files, in full when Stripe says: '
    || (SELECT string_agg(amount || ' ' || upper(currency), ', ' ORDER BY currency) FROM (
        SELECT currency, sum(rest) AS amount FROM paid_apart WHERE is_counted GROUP BY currency))
    || ' beyond the payments of the table'
FROM paid_apart WHERE is_counted;
INSERT INTO note SELECT 'left out', count(*), 'payments of paid invoices whose charges are not in these files; import both together'
FROM paid_apart WHERE NOT is_counted;
INSERT INTO note SELECT 'left out', count(*), 'payments that an earlier import took for paid without a charge: the charge is here now'
FROM taken_apart;
INSERT INTO note SELECT 'assumed', count(*), 'subscriptions had today''s price and quantity from the start: no event tells of a change'
FROM (SELECT id FROM subscription GROUP BY id HAVING count(*) = 1);
INSERT INTO note SELECT 'assumed', count(*), 'refunds that a charge sums up without listing them were made when this was exported'
FROM refund WHERE id LIKE '%:refunded' AND created = epoch(seen_at)::BIGINT;
INSERT INTO note SELECT 'left out', count(*), 'rest of charges that were captured in part; no refund of money that came'
FROM last_charge WHERE not_captured > 0;
INSERT INTO note SELECT 'left out', count(*), 'refunds that an earlier import brought already'
FROM refunded_before;
INSERT INTO note SELECT 'left out', count(*), 'payments that were never tried (an intent without a charge)'
FROM dashboard_payments WHERE id IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'subscriptions of several units: the amount that the Dashboard exports is of one'
FROM dashboard_subscriptions WHERE quantity <> 1;
INSERT INTO note SELECT 'assumed', count(*), 'disputes that took money and gave none back are still open: the balance tells no end'
FROM balance_report AS b WHERE balance_category(reporting_category) = 'dispute' AND source_id NOT IN (
    SELECT source_id FROM balance_report WHERE balance_category(reporting_category) = 'dispute_reversal');
INSERT INTO note SELECT 'assumed', count(*), 'customers known only by what names them; since the first of it'
FROM (SELECT DISTINCT id_of(customer) AS id FROM objects WHERE customer IS NOT NULL)
WHERE id NOT IN (SELECT id FROM customer);
