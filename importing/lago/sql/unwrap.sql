-- What is inside a document of Lago's: a page of a list, an answer with one object, a
-- webhook, or a bare object in a file that is named after its kind.
WITH told AS (
    SELECT *, json_extract_string(data, '$.webhook_type') AS event,
           json_extract_string(data, '$.object_type') AS object_type,
           json_exists(data, '$.lago_id') AS is_bare
    FROM documents
), hook AS (
    SELECT file, row, event, object_type, json_extract(data, '$.' || object_type) AS data
    FROM told WHERE event IS NOT NULL
), part AS (
    SELECT file, row, data, unnest(json_keys(data)) AS key FROM told
    WHERE event IS NULL AND NOT is_bare
), list AS (
    SELECT file, row, rtrim(key, 's') AS kind, json_extract(data, '$.' || key) AS data FROM part
), item AS (
    SELECT file, row, 0 AS place, 'invoice' AS kind, event,  -- with the invoice inside, or beside
           json_merge_patch(coalesce(json_extract(data, '$.invoice'), data),
               json_object('provider_error', json_extract(data, '$.provider_error'))) AS data
    FROM hook WHERE object_type = 'payment_dispute_lost'
    UNION ALL SELECT file, row, 0, object_type, event, data FROM hook
              WHERE object_type <> 'payment_dispute_lost'
    UNION ALL SELECT file, row, generate_subscripts(json_extract(data, '$[*]'), 1), kind, NULL,
                     unnest(json_extract(data, '$[*]')) FROM list WHERE json_type(data) = 'ARRAY'
    UNION ALL SELECT file, row, 0, kind, NULL, NULL FROM list WHERE json_array_length(data) = 0
              AND json_type(data) = 'ARRAY'
    UNION ALL SELECT file, row, 0, kind, NULL, data FROM list
              WHERE json_type(data) = 'OBJECT' AND kind <> 'meta'
    UNION ALL SELECT file, row, 0, rtrim(regexp_extract(file, '^([a-z_]+)'), 's'), NULL, data
              FROM told WHERE is_bare
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY file ORDER BY row, place) AS nth FROM item
)
SELECT file, nth AS row, kind, event, NULL::TIMESTAMPTZ AS seen_at, data FROM placed
UNION ALL  -- the fees inside an invoice say whose subscription it is for
SELECT file, nth, 'fee', coalesce(event, 'invoice'), NULL, unnest(json_extract(data, '$.fees[*]'))
FROM placed WHERE kind = 'invoice'
