INSERT INTO note SELECT 'left out', n, 'rows that stand in these files more than once: each counts once' FROM repeated;
INSERT INTO note SELECT 'assumed', count(DISTINCT customer_id), 'customers known only by what names them; since the first of it'
FROM entry WHERE customer_id NOT IN (SELECT id FROM client);
INSERT INTO note SELECT 'left out', count(*), 'refunds, or a rest of them, of more than was paid before' FROM given_back WHERE payment IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'refunds were of the last payment before: the ledger does not say of which'
FROM given_back WHERE payment IS NOT NULL AND refund_id NOT LIKE '% > ' || split_part(payment, ' > ', 1);
INSERT INTO note SELECT 'assumed', count(*), 'payments that come back did so whole' FROM came_back;
INSERT INTO note SELECT 'left out', count(*), 'matches of more than the payment or credit note is worth: it pays the oldest debts'
FROM matched AS m JOIN entry AS c ON c.nr = m.credit JOIN entry AS d ON d.nr = m.debit
WHERE c.kind IN ('payment', 'credit_note', 'write_off') AND d.kind = 'invoice' AND m.amount > 0
  AND m.credit NOT IN (SELECT credit FROM cut);
INSERT INTO note SELECT 'assumed', count(*), 'payments in another currency than the debt took away what the ledger says'
FROM matched AS m JOIN entry AS c ON c.nr = m.credit JOIN entry AS d ON d.nr = m.debit WHERE c.currency <> d.currency;
