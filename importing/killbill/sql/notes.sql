INSERT INTO note SELECT 'left out', count(*), 'accounts whose parent pays: their invoices and payments are the parent''s' FROM delegated;
INSERT INTO note SELECT 'left out', count(*), 'invoices in draft' FROM invoices WHERE invoice_state(status) IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'void invoices' FROM document WHERE state = 'void';
INSERT INTO note SELECT 'left out', count(*), 'authorisations and voids of payments' FROM transaction WHERE kind IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'payment transactions without an amount, or of a payment that is not in these files'
FROM payment_transactions WHERE coalesce(processed_amount, amount) IS NULL OR payment_id NOT IN (SELECT id FROM payments);
INSERT INTO note SELECT 'left out', count(*), 'adjustments that raise an invoice after it was made'
FROM invoice_items AS i JOIN document AS d ON d.id = i.invoice_id
WHERE i.amount > 0 AND (item_kind(i.type) = 'credit'
    OR item_kind(i.type) = 'adjustment' AND i.created_date > d.created_date);
INSERT INTO note SELECT 'left out', count(*), 'items of a type, or invoices in a state, that has no meaning here'
FROM invoice_items AS i JOIN invoices AS d ON d.id = i.invoice_id
WHERE item_kind(i.type) NOT IN ('charge', 'adjustment', 'credit', 'balance')
   OR invoice_state(coalesce(d.status, 'COMMITTED')) NOT IN ('issued', 'void');
INSERT INTO note SELECT 'left out', count(*), 'money given back that no payment in these files took (credit of a payment provider)'
FROM transaction WHERE kind = 'refund' AND state = 'succeeded' AND payment_id NOT IN (SELECT payment_id FROM taken);
INSERT INTO note SELECT 'left out', count(*), 'states of blocking by services other than overdue enforcement'
FROM blocking_states WHERE service <> 'overdue-service' AND block_entitlement;
INSERT INTO note SELECT 'assumed', count(*), 'invoices are due on their own date: Kill Bill has no due date' FROM document WHERE amount > 0;
INSERT INTO note SELECT 'assumed', count(*), 'chargebacks are of another kind than fraud: Kill Bill keeps no reason'
FROM transaction WHERE kind = 'chargeback' AND state = 'succeeded';
INSERT INTO note SELECT 'assumed', count(DISTINCT subscription_id), 'subscriptions cost what their latest recurring item did, from the start'
FROM invoice_items WHERE type = 'RECURRING' AND rate > 0;
INSERT INTO note SELECT 'assumed', count(*), 'refunds without a credit were goodwill; Kill Bill counts such an invoice as unpaid again'
FROM transaction AS t WHERE kind = 'refund' AND state = 'succeeded' AND NOT EXISTS (
    SELECT 1 FROM invoice_items AS i WHERE i.invoice_id = t.invoice_id AND i.amount < 0
    AND item_kind(i.type) IN ('adjustment', 'credit'));
