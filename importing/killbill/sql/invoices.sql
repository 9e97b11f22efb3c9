SELECT account_id AS customer_id, created_date AS event_at, created_date AS known_at,
       id AS invoice_id, CASE WHEN amount < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
       abs(rounded(amount)) AS amount,
       CASE WHEN amount >= 0 THEN due_at END AS due_at,
       NULL::VARCHAR AS applies_to,
       subscription_id,
       upper(currency) AS currency, NULL::BOOLEAN AS retracted
FROM document WHERE state = 'issued' AND amount <> 0
UNION ALL  -- void: takes back what an earlier import may have brought
SELECT account_id, created_date, export.moment, id,
       CASE WHEN amount < 0 THEN 'credit_note' ELSE 'invoice' END, abs(rounded(amount)),
       CASE WHEN amount >= 0 THEN due_at END, NULL, NULL,
       upper(currency), true
FROM document, export WHERE state = 'void'
UNION ALL  -- adjusted later than made
SELECT d.account_id, i.created_date, i.created_date, i.id, 'credit_note',
       (-i.amount)::DECIMAL(18, 4), NULL, i.invoice_id, i.subscription_id, upper(d.currency), NULL
FROM invoice_items AS i JOIN document AS d ON d.id = i.invoice_id
WHERE item_kind(i.type) = 'adjustment' AND i.created_date > d.created_date AND i.amount < 0
  AND d.state = 'issued'
UNION ALL  -- credit that was granted: of the account where it stands beside its own balance item
SELECT d.account_id, i.created_date, i.created_date, i.id, 'credit_note',
       (-i.amount)::DECIMAL(18, 4), NULL, CASE WHEN d.amount > 0 THEN i.invoice_id END,
       i.subscription_id, upper(d.currency), NULL
FROM invoice_items AS i JOIN document AS d ON d.id = i.invoice_id
WHERE item_kind(i.type) = 'credit' AND i.amount < 0 AND d.state = 'issued'
UNION ALL
SELECT account_id, happened, happened, id || ':written_off', 'write_off', open::DECIMAL(18, 4), NULL, id, NULL,
       upper(currency), NULL
FROM written_off WHERE open > 0
