-- What each page of a list says of itself: `meta` stands beside the objects.
SELECT rtrim(list_filter(json_keys(data), lambda k: k <> 'meta')[1], 's') AS list, file,
       meta[1] AS number, meta[2] AS next
FROM (SELECT file, data, json_extract_string(data, ['$.meta.current_page', '$.meta.next_page']) AS meta FROM documents)
WHERE meta[1] IS NOT NULL
