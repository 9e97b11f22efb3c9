-- What is inside a document of Lago's: a page of a list, an answer with one object, a
-- webhook, or a bare object in a file that is named after its kind.
WITH keyed AS (
    SELECT file, row, data, json_keys(data) AS keys FROM documents
), document AS MATERIALIZED (  -- a page is long: only what is no page is looked into
    SELECT *, CASE WHEN list_has_any(keys, ['webhook_type', 'lago_id'])
                   THEN json_extract_string(data, ['$.webhook_type', '$.object_type', '$.lago_id']) END AS told
    FROM keyed
), part AS (
    SELECT file, row, unnest(keys) AS key, data FROM document WHERE told[1] IS NULL AND told[3] IS NULL
), holder AS (
    SELECT file, row, key, json_extract(data, '$.' || key) AS data FROM part WHERE key <> 'meta'
), held AS (  -- the webhook of a lost dispute has the invoice inside its object, or is it
    SELECT file, row, 'invoice' AS kind, told[1] AS event, [json_merge_patch(
               coalesce(json_extract(data, '$.payment_dispute_lost.invoice'),
                        json_extract(data, '$.payment_dispute_lost')),
               json_object('provider_error', json_extract(data, '$.payment_dispute_lost.provider_error')))
           ] AS objects
    FROM document WHERE told[1] IS NOT NULL AND told[2] = 'payment_dispute_lost'
    UNION ALL SELECT file, row, told[2], told[1], [json_extract(data, '$.' || told[2])] FROM document
              WHERE told[1] IS NOT NULL AND told[2] <> 'payment_dispute_lost'
    UNION ALL SELECT file, row, rtrim(key, 's'), NULL,
                     CASE WHEN left(data::VARCHAR, 1) = '{' THEN [data]
                          ELSE coalesce(nullif(json_extract(data, '$[*]'), []), [NULL]) END
              FROM holder WHERE left(data::VARCHAR, 1) IN ('{', '[')
    UNION ALL SELECT file, row, rtrim(regexp_extract(file, '^([a-z_]+)'), 's'), NULL, [data]
              FROM document WHERE told[1] IS NULL AND told[3] IS NOT NULL
), placed AS (
    SELECT *, sum(len(objects)) OVER (PARTITION BY file ORDER BY row, kind
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - len(objects) AS before
    FROM held
), item AS MATERIALIZED (
    SELECT file, (before + generate_subscripts(objects, 1))::BIGINT AS row, kind, event,
           unnest(objects) AS data
    FROM placed
)
SELECT file, row, kind, event, NULL::TIMESTAMPTZ AS seen_at, data FROM item
UNION ALL  -- the fees inside an invoice say whose subscription it is for
SELECT file, row, 'fee', coalesce(event, 'invoice'), NULL, unnest(json_extract(data, '$.fees[*]'))
FROM item WHERE kind = 'invoice' AND contains(data::VARCHAR, '"fees"')
