-- Of several versions of a row the last counts, and nothing where that takes it back.
WITH document AS (
    SELECT any_value(currency) AS currency, kind AS what,
           arg_max(CASE WHEN retracted IS NULL THEN amount ELSE 0 END, known_at) AS amount
    FROM made_invoices GROUP BY invoice_id, kind
), payment AS (
    SELECT any_value(currency) AS currency, status AS what,
           arg_max(CASE WHEN retracted IS NULL THEN amount ELSE 0 END, known_at) AS amount
    FROM made_payments WHERE status <> 'pending' GROUP BY payment_id, status, refund_id
), row_ AS (
    SELECT currency, what, amount, CASE what WHEN 'invoice' THEN amount ELSE -amount END AS open FROM document
    UNION ALL SELECT currency, what, amount, CASE what WHEN 'succeeded' THEN -amount ELSE amount END FROM payment
)
SELECT 'receivable' AS what, currency, sum(open) AS amount FROM row_ GROUP BY currency
UNION ALL SELECT 'billed', currency, sum(amount) FROM row_ WHERE what = 'invoice' GROUP BY currency
