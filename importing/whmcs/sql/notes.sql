INSERT INTO note SELECT 'left out', count(*), 'rows of invoices, money, credit, services or orders whose client or currency is not in these files'
FROM (SELECT userid FROM tblinvoices UNION ALL SELECT userid FROM tblaccounts WHERE userid <> 0
      UNION ALL SELECT clientid FROM tblcredit UNION ALL SELECT userid FROM tblhosting
      UNION ALL SELECT userid FROM tblorders)
WHERE userid NOT IN (SELECT id FROM client);
INSERT INTO note SELECT 'left out', count(*), 'money in or out of no client' FROM entry WHERE userid IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'invoices in draft' FROM document WHERE state IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'invoices in a state that has no meaning here: each is written with that state as its kind, so `validate` refuses it and its client is not stopped'
FROM document WHERE state NOT IN ('issued', 'cancelled');
INSERT INTO note SELECT 'left out', count(*), 'invoices, or parts of them, for funds or for other invoices paid together: what is paid on them is credit, or pays the oldest invoices'
FROM document WHERE amount <> billed;
INSERT INTO note SELECT 'left out', count(*), 'invoices below zero' FROM document WHERE amount < 0;
INSERT INTO note SELECT 'left out', count(*), 'fees of gateways: they are the reseller''s' FROM entry WHERE fees <> 0;
INSERT INTO note SELECT 'left out', count(*), 'credit that only moves money which the transactions have' FROM credit WHERE amount > 0 AND NOT is_granted;
INSERT INTO note SELECT 'left out', count(*), 'credit that was taken away by hand: the client has it here still'
FROM credit WHERE amount < 0 AND NOT coalesce(description ILIKE 'Credit Applied to Invoice #%', false);
INSERT INTO note SELECT 'left out', count(*), 'money out that gives back no payment in these files' FROM given_back WHERE payment IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'suspensions of services: the tables do not say since when'
FROM tblhosting WHERE domainstatus = 'Suspended';
INSERT INTO note SELECT 'assumed', count(*), 'payments that came back: the invoice asks for the whole sum again, or was paid anew' FROM returned;
INSERT INTO note SELECT 'assumed', count(*), 'money out opened nothing: refunds, or parts of a payment'
FROM given_back WHERE payment NOT IN (SELECT id FROM returned);
INSERT INTO note SELECT 'assumed', count(*), 'cancelled invoices were given up when this was exported: nothing says when'
FROM balance WHERE state = 'cancelled' AND cancelled_at IS NULL AND open > 0;
INSERT INTO note SELECT 'assumed', sum(n)::BIGINT, 'invoices that WHMCS takes for paid beyond their transactions, paid then: '
    || string_agg(amount || ' ' || currency, ' and ' ORDER BY currency) || ' beyond the payments of the table'
FROM (SELECT currency, count(*) AS n, sum(rest) AS amount FROM paid_apart GROUP BY currency) HAVING count(*) > 0;
INSERT INTO note SELECT 'assumed', count(*), 'invoices that are due when issued, for they name no due date' FROM bill WHERE has_no_due_date;
INSERT INTO note SELECT 'assumed', count(*), 'payments through gateways that are not known here are of method other'
FROM taken WHERE method_of(gateway) = 'other';
INSERT INTO note SELECT 'assumed', count(*), 'services had today''s price from the start' FROM tblhosting WHERE service_state(domainstatus) IS NOT NULL;
INSERT INTO note SELECT 'assumed', count(*), 'services ended when this was exported: no date of termination'
FROM tblhosting WHERE service_state(domainstatus) = 'ended' AND termination_date IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'orders marked as fraud with a fraud module set are its warning, without one a person''s word'
FROM tblorders WHERE order_state(status) = 'fraud';
INSERT INTO note SELECT 'assumed', count(*), 'clients whose credit is not the sum of tblcredit: was all of it exported?'
FROM client AS c LEFT JOIN (SELECT clientid, sum(amount) AS amount FROM tblcredit GROUP BY clientid) AS r ON r.clientid = c.id
WHERE EXISTS (SELECT 1 FROM asked WHERE kind = 'tblcredit') AND c.credit <> coalesce(r.amount, 0);
INSERT INTO note SELECT 'left out', n, 'rows that stand in these files more than once: each counts once' FROM repeated;
INSERT INTO note SELECT 'assumed', count(*), 'tables have no rows, for their files are empty, as `mysql --batch` leaves them: ' || string_agg(file, ', ' ORDER BY file)
FROM without_rows;
INSERT INTO note SELECT 'look at', count(*), 'invoices without tblcredit among the files: credit that a client was granted is missing, so whoever used some seems to owe it, and `invoices` does not count as looked at; export tblcredit as well'
FROM bill WHERE NOT EXISTS (SELECT 1 FROM asked WHERE kind = 'tblcredit');
