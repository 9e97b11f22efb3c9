-- Whose each row is that was not understood: it names its client, or an invoice that does.
SELECT CASE s.kind WHEN 'tblclients' THEN 'customers' WHEN 'tblcurrencies' THEN 'customers' WHEN 'tblaccounts' THEN 'payments'
           WHEN 'tblhosting' THEN 'subscriptions' WHEN 'tblproducts' THEN 'subscriptions' WHEN 'tblorders' THEN 'outcomes'
           ELSE 'invoices' END AS table_name,
       coalesce(nullif(s.data ->> 'userid', '0'), s.data ->> 'clientid', CASE WHEN s.kind = 'tblclients' THEN s.id END, i.userid::VARCHAR) AS customer_id,
       s.kind AS kind, s.id AS id, s.file AS file, s.row AS row
FROM strange AS s LEFT JOIN tblinvoices AS i ON i.id::VARCHAR = s.data ->> 'invoiceid'
