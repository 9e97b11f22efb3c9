-- What is inside a document of Chargebee's: a page of a list, whose entries hold resources
-- under their names; an answer that does; an event, with resources as its content; or a
-- bare resource. An empty page is of the kind that its file is named after.
WITH page AS (
    SELECT file, row, coalesce(json_extract(data, '$.list[*]'), []) AS entries, data FROM documents
), placed AS (
    SELECT file, CASE WHEN len(entries) > 0 THEN entries ELSE [data] END AS entries,
           sum(greatest(len(entries), 1)) OVER (PARTITION BY file ORDER BY row
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - greatest(len(entries), 1) AS before
    FROM page
), entry AS (
    SELECT file, (before + generate_subscripts(entries, 1))::BIGINT AS nth, unnest(entries) AS data
    FROM placed
), known AS (
    SELECT *, json_extract(data, ['$.object', '$.event']) AS told FROM entry
), named AS (
    SELECT file, nth, data, json_extract_string(told[1], '$') AS object,
           CASE WHEN json_extract_string(told[1], '$') = 'event' THEN data ELSE told[2] END AS event
    FROM known
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
