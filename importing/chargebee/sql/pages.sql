-- Each page of a list; `next_offset` stands on all but the last.
SELECT json_keys(data, '$.list[0]')[1] AS list, file, NULL AS number,
       json_extract_string(data, '$.next_offset') AS next
FROM documents WHERE json_type(data, '$.list[0]') = 'OBJECT'
