-- What is inside a document of Chargebee's: a page of a list, whose entries hold resources
-- under their names; an answer that does; an event, with resources as its content; or a
-- bare resource. An empty page is of the kind that its file is named after.
WITH page AS MATERIALIZED (
    SELECT file, row, coalesce(json_extract(data, '$.list[*]'), []) AS entries, data FROM documents
), placed AS (
    SELECT file, CASE WHEN len(entries) > 0 THEN entries ELSE [data] END AS entries,
           sum(greatest(len(entries), 1)) OVER (PARTITION BY file ORDER BY row
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - greatest(len(entries), 1) AS before
    FROM page
), entry AS (
    SELECT file, (before + generate_subscripts(entries, 1))::BIGINT AS nth, unnest(entries) AS data
    FROM placed
), keyed AS (  -- each text is parsed as seldom as can be, for that is what an import costs
    SELECT file, nth, data, json_keys(data) AS keys, json_extract(data, '$.*') AS cells FROM entry
), told AS (
    SELECT *, json_extract_string(cells[list_position(keys, 'object')], '$') AS object FROM keyed
), named AS MATERIALIZED (
    SELECT *, CASE WHEN object = 'event' THEN data ELSE cells[list_position(keys, 'event')] END AS event FROM told
), content AS (
    SELECT file, nth, json_extract_string(event, '$.event_type') AS event,
           json_extract_string(event, '$.occurred_at') AS occurred_at,
           coalesce(json_extract(event, '$.content'), data) AS data
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
    UNION ALL SELECT file, nth, object, NULL, NULL, data FROM named
              WHERE event IS NULL AND object IS NOT NULL
)
SELECT file, nth AS row, kind, event, seen_at, data FROM item
UNION ALL SELECT file, row, rtrim(regexp_extract(file, '^([a-z_]+)'), 's'), NULL, NULL, NULL
          FROM page WHERE CASE WHEN len(entries) = 0 THEN json_array_length(data, '$.list') = 0 END
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
