-- WHMCS's own sums, by the currency of the client.
SELECT 'billed' AS what, currency, sum(billed)::DECIMAL(38, 4) AS amount,
       sum(CASE WHEN state IN ('issued', 'cancelled') AND amount > 0 THEN billed - amount ELSE billed END)::DECIMAL(38, 4) AS left_out
FROM document WHERE currency IS NOT NULL GROUP BY currency
UNION ALL
SELECT 'credit granted', currency, sum(amount)::DECIMAL(38, 4),
       coalesce(sum(amount) FILTER (WHERE NOT is_granted), 0)::DECIMAL(38, 4)
FROM credit WHERE amount > 0 AND currency IS NOT NULL GROUP BY currency
UNION ALL
SELECT 'payments', m.code, sum(a.amountin)::DECIMAL(38, 4), 0
FROM tblaccounts AS a LEFT JOIN tblinvoices AS i ON i.id = a.invoiceid
JOIN tblclients AS c ON c.id = coalesce(nullif(a.userid, 0), i.userid)
JOIN (SELECT id, upper(code) AS code FROM tblcurrencies) AS m ON m.id = c.currency
WHERE a.amountin > 0 GROUP BY m.code
UNION ALL
SELECT 'money out', currency, sum(amountout)::DECIMAL(38, 4),
       coalesce(sum(amountout) FILTER (WHERE payment IS NULL), 0)::DECIMAL(38, 4)
FROM given_back GROUP BY currency
