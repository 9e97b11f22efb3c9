INSERT INTO note SELECT 'left out', sum(n), 'objects of kind ' || kind || ', which say nothing here'
FROM kind_count WHERE kind NOT IN ('customer', 'plan', 'subscription', 'invoice', 'fee', 'credit_note', 'payment')
GROUP BY kind_count.kind;
INSERT INTO note SELECT 'left out', count(*), 'invoices that were not issued (draft, failed, waiting for taxes or a payment)'
FROM last_invoice WHERE invoice_state(status) IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'invoices in a state that has no meaning here: each is written with that state as its kind, so `validate` refuses it and its customer is not stopped'
FROM last_invoice WHERE invoice_state(status) <> 'issued';
INSERT INTO note SELECT 'left out', count(*), 'self-billed invoices: you owe them to the partner'
FROM last_invoice WHERE self_billed AND invoice_state(status) IS NOT NULL;
INSERT INTO note SELECT 'left out', count(DISTINCT external_id), 'customers that are partners'
FROM customer WHERE account_type = 'partner';
INSERT INTO note SELECT 'left out', count(*), 'subscriptions that never began' FROM last_subscription WHERE started_at IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'refunds under way or failed, or of an invoice whose payment is not in these files'
FROM refund WHERE refund_state(refund_status) IS DISTINCT FROM 'refunded' OR NOT has_payment;
INSERT INTO note SELECT 'left out', count(*), 'credit notes of no customer: neither they nor an invoice in these files says whose'
FROM last_note WHERE customer IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'payments of invoices that Lago takes for paid: no payment is in these files; import both together'
FROM paid_apart WHERE rest > 0 AND NOT is_looked_at;
INSERT INTO note SELECT 'assumed', count(*), 'invoices that Lago takes for paid beyond their payments, paid when last updated: '
    || (SELECT string_agg(amount || ' ' || currency, ', ' ORDER BY currency) FROM (
        SELECT currency, sum(rest) AS amount FROM paid_apart WHERE rest > 0 AND is_looked_at GROUP BY currency))
    || ' beyond the payments of the table'
FROM paid_apart WHERE rest > 0 AND is_looked_at;
INSERT INTO note SELECT 'look at', count(*), 'invoices used credit notes none of which is known here: what was left of them counts; import /api/v1/credit_notes with them, first '
    || min_by(file || ' row ' || row, (file, row))
FROM last_invoice WHERE is_counted AND credit_notes_amount_cents > 0 AND customer NOT IN (FROM credited);
INSERT INTO note SELECT 'look at', count(*), 'customers used more credit (' || string_agg(DISTINCT missing || ' ' || currency, ', ')
    || ' more) than their credit notes gave: import every page of /api/v1/credit_notes, together with the invoices; first ' || min_by(file || ' row ' || row, (file, row))
FROM unexplained;
INSERT INTO note SELECT 'assumed', count(*), 'payments of several invoices pay the oldest first'
FROM last_payment WHERE len(invoice_ids) > 1 AND state = 'succeeded';
INSERT INTO note SELECT 'assumed', count(*), 'payments recorded by hand were known on the day that was typed'
FROM last_payment WHERE type = 'manual';
INSERT INTO note SELECT 'assumed', count(*), 'direct debits ended after the settlement days of portfolio.yaml: Lago does not say when'
FROM last_payment WHERE method = 'direct_debit' AND state <> 'pending';
INSERT INTO note SELECT 'assumed', count(*), 'voided credit notes keep what the customer''s invoices used of them'
FROM last_note WHERE credit_status = 'voided';
INSERT INTO note SELECT 'assumed', count(*), 'lost disputes whose reason does not name fraud, or is not told, are of another kind'
FROM made_disputes WHERE status = 'lost' AND kind = 'chargeback_other';
INSERT INTO note SELECT 'assumed', count(*), 'invoices without a due date are due when issued'
FROM last_invoice WHERE is_counted AND payment_due_date IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'subscriptions without a price: say their plans, or for how long the price is'
FROM last_subscription WHERE started_at IS NOT NULL
    AND (plan_amount_cents IS NULL OR plan_amount_cents > 0 AND a_month IS NULL);
INSERT INTO note SELECT 'assumed', count(*), 'subscriptions that name no price have that of their plan today'
FROM last_subscription WHERE started_at IS NOT NULL AND lago_id IN (FROM priced_by_plan);
INSERT INTO note SELECT 'assumed', count(*), 'invoices for prepaid credit that is not given before they are paid'
FROM last_invoice WHERE is_counted AND invoice_type = 'credit' AND payment_status <> 'succeeded';
