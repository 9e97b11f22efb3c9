-- Kill Bill's own sums: charges and adjustments of invoices, payments taken, money given back.
SELECT 'billed' AS what, upper(i.currency) AS currency, sum(t.amount)::DECIMAL(38, 4) AS amount,
       coalesce(sum(t.amount) FILTER (WHERE i.account_id IN (SELECT id FROM delegated)
           OR coalesce(i.status, 'COMMITTED') <> 'COMMITTED'
           OR (item_kind(t.type) <> 'charge' AND t.amount > 0 AND t.created_date > i.created_date)), 0
       )::DECIMAL(38, 4) AS left_out
FROM invoice_items AS t JOIN invoices AS i ON i.id = t.invoice_id
WHERE t.type <> 'CBA_ADJ' GROUP BY upper(i.currency)
UNION ALL
SELECT 'payments', upper(coalesce(t.processed_currency, t.currency, a.currency)),
       sum(coalesce(t.processed_amount, t.amount))::DECIMAL(38, 4),
       coalesce(sum(coalesce(t.processed_amount, t.amount))
           FILTER (WHERE p.account_id IN (SELECT id FROM delegated)), 0)::DECIMAL(38, 4)
FROM payment_transactions AS t JOIN payments AS p ON p.id = t.payment_id
LEFT JOIN accounts AS a ON a.id = p.account_id
WHERE t.transaction_type IN ('PURCHASE', 'CAPTURE') AND t.transaction_status = 'SUCCESS' GROUP BY 2
UNION ALL
SELECT 'refunds', upper(coalesce(t.processed_currency, t.currency, a.currency)),
       sum(coalesce(t.processed_amount, t.amount))::DECIMAL(38, 4),
       coalesce(sum(coalesce(t.processed_amount, t.amount))
           FILTER (WHERE p.account_id IN (SELECT id FROM delegated)), 0)::DECIMAL(38, 4)
FROM payment_transactions AS t JOIN payments AS p ON p.id = t.payment_id
LEFT JOIN accounts AS a ON a.id = p.account_id
WHERE t.transaction_type IN ('REFUND', 'CREDIT') AND t.transaction_status = 'SUCCESS' GROUP BY 2
