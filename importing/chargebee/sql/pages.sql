-- Each page of a list; `next_offset` stands on all but the last. Beside what was asked for
-- an entry may hold its customer or its card, in any order.
SELECT CASE WHEN list_contains(kinds, 'subscription') THEN 'subscription'
            WHEN list_contains(kinds, 'customer') THEN 'customer' ELSE kinds[1] END AS list,
       file, NULL AS number, told[2] ->> '$' AS next
FROM (SELECT file, json_extract(data, ['$.list[0]', '$.next_offset']) AS told, json_keys(told[1]) AS kinds FROM documents)
WHERE json_type(told[1]) = 'OBJECT'
