-- What is inside a document of Chargebee's: a page of a list, whose entries hold resources
-- under their names; an answer that does; an event, with resources as its content; or a
-- bare resource. An empty page is of the kind that its file is named after.
WITH page AS MATERIALIZED (
    SELECT file, row, data, from_json(data, '{"list": ["MAP(VARCHAR, JSON)"]}').list AS listed,
           CASE WHEN len(listed) > 0 THEN listed ELSE [from_json(data, '"MAP(VARCHAR, JSON)"')] END AS entries
    FROM documents
), placed AS (
    SELECT file, entries, len(listed) > 0 AS is_list, data,
           sum(len(entries)) OVER (PARTITION BY file ORDER BY row
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - len(entries) AS before
    FROM page
), entry AS (
    SELECT file, before::BIGINT AS before, generate_subscripts(entries, 1) AS place, unnest(entries) AS fields,
           is_list, data
    FROM placed
), keyed AS (  -- an object that has a name twice is no map: it is taken apart by itself
    SELECT file, before + place AS nth,
           CASE WHEN fields IS NULL OR map_contains(fields, 'object') OR map_contains(fields, 'event')
                THEN CASE WHEN is_list THEN json_extract(data, '$.list[' || place - 1 || ']') ELSE data END
           END AS whole,
           CASE WHEN fields IS NULL THEN json_keys(whole) ELSE map_keys(fields) END AS keys,
           CASE WHEN fields IS NULL THEN json_extract(whole, '$.*') ELSE map_values(fields) END AS cells
    FROM entry
), told AS (
    SELECT *, json_extract_string(cells[list_position(keys, 'object')], '$') AS object FROM keyed
), named AS MATERIALIZED (
    SELECT *, CASE WHEN object = 'event' THEN whole ELSE cells[list_position(keys, 'event')] END AS event FROM told
), content AS (
    SELECT file, nth, json_extract_string(event, '$.event_type') AS event,
           json_extract_string(event, '$.occurred_at') AS occurred_at,
           coalesce(json_extract(event, '$.content'), whole) AS data
    FROM named WHERE event IS NOT NULL
), held AS (
    SELECT file, nth, NULL::VARCHAR AS event, NULL::VARCHAR AS occurred_at, unnest(keys) AS kind,
           unnest(cells) AS data
    FROM named WHERE event IS NULL AND object IS NULL
    UNION ALL
    SELECT file, nth, event, occurred_at, unnest(json_keys(data)), unnest(json_extract(data, '$.*')) FROM content
), item AS MATERIALIZED (
    SELECT file, nth, kind, event, TRY(to_timestamp(TRY_CAST(occurred_at AS BIGINT))) AS seen_at, data
    FROM held WHERE starts_with(data::VARCHAR, '{')
    UNION ALL SELECT file, nth, object, NULL, NULL, whole FROM named
              WHERE event IS NULL AND object IS NOT NULL
)
SELECT file, nth AS row, kind, event, seen_at, data FROM item
UNION ALL SELECT file, row, rtrim(regexp_extract(file, '^([a-z_]+)'), 's'), NULL, NULL, NULL
          FROM page WHERE len(listed) = 0
UNION ALL
SELECT file, nth, 'linked_payment', coalesce(event, 'invoice'), seen_at,
       json_merge_patch(unnest(json_extract(told[1], '$[*]')), json_object('invoice_id', told[2], 'currency_code', told[3]))
FROM (SELECT *, json_extract(data, ['$.linked_payments', '$.id', '$.currency_code']) AS told FROM item WHERE kind = 'invoice')
UNION ALL
SELECT file, nth, 'linked_invoice', coalesce(event, 'transaction'), seen_at,
       json_merge_patch(unnest(json_extract(told[1], '$[*]')), json_object('transaction_id', told[2]))
FROM (SELECT *, json_extract(data, ['$.linked_invoices', '$.id']) AS told FROM item WHERE kind = 'transaction')
UNION ALL
SELECT file, nth, 'subscription_item', coalesce(event, 'subscription'), seen_at,
       json_merge_patch(unnest(json_extract(told[1], '$[*]')), json_object('subscription_id', told[2]))
FROM (SELECT *, json_extract(data, ['$.subscription_items', '$.id']) AS told FROM item WHERE kind = 'subscription')
UNION ALL  -- the older catalogue
SELECT file, nth, 'subscription_item', coalesce(event, 'subscription'), seen_at,
       json_merge_patch(unnest(json_extract(told[1], '$[*]')), json_object('subscription_id', told[2], 'item_type', 'addon'))
FROM (SELECT *, json_extract(data, ['$.addons', '$.id']) AS told FROM item WHERE kind = 'subscription')
