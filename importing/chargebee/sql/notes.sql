INSERT INTO note SELECT 'left out', sum(n), 'resources of kind ' || kind || ', which say nothing here'
FROM kind_count WHERE kind NOT IN ('customer', 'subscription', 'subscription_item', 'invoice', 'linked_payment',
    'credit_note', 'transaction', 'linked_invoice', 'dispute') GROUP BY kind_count.kind;
INSERT INTO note SELECT 'left out', count(*), 'invoices that are not closed yet (pending)'
FROM last_invoice WHERE invoice_state(status) IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'authorisations, and payments that were voided or deleted'
FROM last_transaction WHERE kind = '' OR kind = 'payment' AND (state IS NULL OR is_deleted);
INSERT INTO note SELECT 'left out', count(*), 'credit notes for chargebacks: the loss is the dispute''s'
FROM last_note WHERE is_chargeback;
INSERT INTO note SELECT 'left out', count(*), 'refunds of a payment that is not in these files'
FROM back WHERE NOT is_chargeback AND payment_id IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'disputes of a payment that is not in these files, of no customer'
FROM dispute WHERE customer_id IS NULL AND transaction_id NOT IN (SELECT id FROM last_transaction);
INSERT INTO note SELECT 'assumed', count(*), 'payments that only their invoice tells of: no method, no payer'
FROM last_transaction WHERE NOT is_whole;
INSERT INTO note SELECT 'assumed', count(*), 'direct debits ended after the settlement days of portfolio.yaml: nothing says when'
FROM last_transaction AS t WHERE kind = 'payment' AND method = 'direct_debit' AND settled_at IS NULL
    AND state IN ('succeeded', 'failed')
    AND id NOT IN (SELECT id FROM transaction WHERE event IS NOT NULL AND status <> 'in_progress');
INSERT INTO note SELECT 'assumed', count(*), 'disputes whose reason does not name fraud, or is not told, are of another kind'
FROM made_disputes WHERE status = 'opened' AND kind = 'chargeback_other';
INSERT INTO note SELECT 'assumed', count(*), 'dunning ended when this was exported: no event says when'
FROM (SELECT id FROM invoice WHERE dunning_status = 'exhausted' GROUP BY id HAVING bool_and(event IS NULL));
INSERT INTO note SELECT 'assumed', count(*), 'invoices without a due date are due on their own date'
FROM last_invoice WHERE is_counted AND due_date IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'subscriptions had today''s price from the start: no event tells of a change'
FROM (SELECT id FROM priced WHERE unit_price IS NOT NULL GROUP BY id HAVING count(*) = 1);
INSERT INTO note SELECT 'assumed', count(*), 'invoices in ' || currency_code || ' have no decimals, as by ISO 4217; Chargebee''s own page names JPY, KRW, XAF and XOF'
FROM last_invoice WHERE currency_code IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'KMF', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XPF')
GROUP BY currency_code;
