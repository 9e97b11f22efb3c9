-- What is inside a document of Chargebee's: a page of a list, whose entries hold resources
-- under their names; an answer that does; an event, with resources as its content; or a
-- bare resource. An empty page is of the kind that its file is named after.
WITH entry AS (
    SELECT file, row, generate_subscripts(json_extract(data, '$.list[*]'), 1) AS place,
           unnest(json_extract(data, '$.list[*]')) AS data
    FROM documents WHERE json_type(data, '$.list') = 'ARRAY'
    UNION ALL SELECT file, row, 0, data FROM documents WHERE json_type(data, '$.list') IS NULL
), named AS (
    SELECT *, row_number() OVER (PARTITION BY file ORDER BY row, place) AS nth,
           CASE WHEN json_extract_string(data, '$.object') = 'event' THEN data
                ELSE json_extract(data, '$.event') END AS event,
           json_extract_string(data, '$.object') AS object
    FROM entry
), held AS (
    SELECT file, nth, json_extract_string(event, '$.event_type') AS event,
           json_extract_string(event, '$.occurred_at') AS occurred_at,
           coalesce(json_extract(event, '$.content'), data) AS data
    FROM named WHERE event IS NOT NULL OR object IS NULL
), keyed AS (
    SELECT *, unnest(json_keys(data)) AS kind FROM held
), item AS (
    SELECT file, nth, kind, event,
           TRY(to_timestamp(TRY_CAST(occurred_at AS BIGINT))) AS seen_at,
           json_extract(data, '$.' || kind) AS data
    FROM keyed WHERE json_type(data, '$.' || kind) = 'OBJECT'
    UNION ALL SELECT file, nth, object, NULL, NULL, data FROM named
              WHERE event IS NULL AND object IS NOT NULL
)
SELECT file, nth AS row, kind, event, seen_at, data FROM item
UNION ALL SELECT file, row, rtrim(regexp_extract(file, '^([a-z_]+)'), 's'), NULL, NULL, NULL
          FROM documents WHERE json_array_length(data, '$.list') = 0
UNION ALL
SELECT file, nth, 'linked_payment', coalesce(event, 'invoice'), seen_at, json_merge_patch(
    unnest(json_extract(data, '$.linked_payments[*]')), json_object(
        'invoice_id', json_extract(data, '$.id'), 'currency_code', json_extract(data, '$.currency_code')))
FROM item WHERE kind = 'invoice'
UNION ALL
SELECT file, nth, 'linked_invoice', coalesce(event, 'transaction'), seen_at, json_merge_patch(
    unnest(json_extract(data, '$.linked_invoices[*]')),
    json_object('transaction_id', json_extract(data, '$.id')))
FROM item WHERE kind = 'transaction'
UNION ALL
SELECT file, nth, 'subscription_item', coalesce(event, 'subscription'), seen_at, json_merge_patch(
    unnest(json_extract(data, '$.subscription_items[*]')),
    json_object('subscription_id', json_extract(data, '$.id')))
FROM item WHERE kind = 'subscription'
UNION ALL  -- the older catalogue
SELECT file, nth, 'subscription_item', coalesce(event, 'subscription'), seen_at, json_merge_patch(
    unnest(json_extract(data, '$.addons[*]')),
    json_object('subscription_id', json_extract(data, '$.id'), 'item_type', 'addon'))
FROM item WHERE kind = 'subscription'
