-- Money that could not be read: nobody knows whose.
SELECT 'payments' AS table_name, NULL::VARCHAR AS customer_id, 'movement' AS kind, NULL::VARCHAR AS id, file, row FROM strange
