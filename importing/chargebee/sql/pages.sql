-- Each page of a list; `next_offset` stands on all but the last.
SELECT json_keys(told[1])[1] AS list, file, NULL AS number, told[2] ->> '$' AS next
FROM (SELECT file, json_extract(data, ['$.list[0]', '$.next_offset']) AS told FROM documents)
WHERE json_type(told[1]) = 'OBJECT'
