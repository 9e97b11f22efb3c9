-- What is inside a document of Chargebee's: a page of a list, whose entries hold resources
-- under their names; an answer that does; an event, with resources as its content; or a
-- bare resource. An empty page is of the kind that its file is named after.
WITH page AS (
    SELECT file, data, from_json(data, '{"list": ["MAP(VARCHAR, JSON)"]}').list AS listed,
           CASE WHEN len(listed) > 0 THEN listed ELSE [from_json(data, '"MAP(VARCHAR, JSON)"')] END AS entries
    FROM documents
), entry AS (
    SELECT file, row_number() OVER () AS nth, * EXCLUDE file FROM (
        SELECT file, generate_subscripts(entries, 1) AS place, unnest(entries) AS fields, len(listed) AS n_listed, data
        FROM page)
), keyed AS (  -- an object that has a name twice is no map: it is taken apart by itself
    SELECT file, nth, n_listed,
           CASE WHEN fields IS NULL OR map_contains(fields, 'object') OR map_contains(fields, 'event')
                THEN CASE WHEN n_listed > 0 THEN json_extract(data, '$.list[' || place - 1 || ']') ELSE data END
           END AS whole,
           CASE WHEN fields IS NULL THEN json_keys(whole) ELSE map_keys(fields) END AS keys,
           CASE WHEN fields IS NULL THEN json_extract(whole, '$.*') ELSE map_values(fields) END AS cells
    FROM entry
), told AS (
    SELECT *, json_extract_string(cells[list_position(keys, 'object')], '$') AS object,
           CASE WHEN object = 'event' THEN whole ELSE cells[list_position(keys, 'event')] END AS event
    FROM keyed
), content AS (
    SELECT *, CASE WHEN event IS NOT NULL THEN coalesce(json_extract(event, '$.content'), whole) END AS held FROM told
), item AS MATERIALIZED (
    SELECT file, nth, json_extract_string(event, '$.event_type') AS event,
           TRY(to_timestamp(TRY_CAST(json_extract_string(event, '$.occurred_at') AS BIGINT))) AS seen_at,
           unnest(CASE WHEN held IS NOT NULL THEN json_keys(held) WHEN object IS NOT NULL THEN [object] ELSE keys END
                  || CASE WHEN n_listed = 0 THEN [NULL] ELSE [] END) AS kind,
           unnest(CASE WHEN held IS NOT NULL THEN json_extract(held, '$.*') WHEN object IS NOT NULL THEN [whole] ELSE cells END
                  || CASE WHEN n_listed = 0 THEN [NULL] ELSE [] END) AS data
    FROM content
), link AS (
    SELECT file, nth, event, seen_at, 'linked_payment' AS kind, 'invoice' AS holder,
           '"invoice_id":' || coalesce(told[2], 'null') || ',"currency_code":' || coalesce(told[3], 'null') AS owner,
           unnest(json_extract(told[1], '$[*]'))::VARCHAR AS data
    FROM (SELECT *, json_extract(data, ['$.linked_payments', '$.id', '$.currency_code']) AS told FROM item WHERE kind = 'invoice')
    UNION ALL
    SELECT file, nth, event, seen_at, 'linked_invoice', 'transaction', '"transaction_id":' || coalesce(told[2], 'null'),
           unnest(json_extract(told[1], '$[*]'))
    FROM (SELECT *, json_extract(data, ['$.linked_invoices', '$.id']) AS told FROM item WHERE kind = 'transaction')
    UNION ALL
    SELECT file, nth, event, seen_at, 'subscription_item', 'subscription', '"subscription_id":' || coalesce(told[2], 'null'),
           unnest(json_extract(told[1], '$[*]'))
    FROM (SELECT *, json_extract(data, ['$.subscription_items', '$.id']) AS told FROM item WHERE kind = 'subscription')
    UNION ALL  -- the older catalogue
    SELECT file, nth, event, seen_at, 'subscription_item', 'subscription',
           '"item_type":"addon","subscription_id":' || coalesce(told[2], 'null'), unnest(json_extract(told[1], '$[*]'))
    FROM (SELECT *, json_extract(data, ['$.addons', '$.id']) AS told FROM item WHERE kind = 'subscription')
)
SELECT file, nth AS row, kind, event, seen_at, data FROM item WHERE starts_with(data::VARCHAR, '{')
UNION ALL SELECT file, nth, rtrim(regexp_extract(file, '^([a-z_]+)'), 's'), NULL, NULL, NULL FROM item WHERE kind IS NULL
UNION ALL  -- whose a link is stands before what it says itself: the first of a name counts
SELECT file, nth, kind, coalesce(event, holder), seen_at,
       ('{' || owner || CASE WHEN starts_with(data, '{"') THEN ',' || data[2:] ELSE '}' END)::JSON
FROM link
