-- Active since it was detected; then as its log says; its state of today, where the log
-- does not say it, since it was resolved or since the export. Opened again it is active
-- a second time: a later version of the row, which takes nothing from the first.
WITH named AS (
    SELECT *, customer_of(tenant) AS customer_id, alert_kind(alert_type) AS kind, alert_state(status) AS state
    FROM alert WHERE NOT is_test
), step AS (
    SELECT alert_id, alert_state(word_of(coalesce(json_extract_string(entry, '$.statusTo'),
                                                  json_extract_string(entry, '$.StatusTo')))) AS state,
           greatest(detected, TRY_CAST(coalesce(json_extract_string(entry, '$.updatedDateTime'),
               json_extract_string(entry, '$.dateTime'), json_extract_string(entry, '$.DateTime')) AS TIMESTAMPTZ)) AS moment
    FROM (SELECT alert_id, detected, unnest(json_extract(CASE WHEN json_valid(log) THEN log END, '$[*]')) AS entry
          FROM named)
), last_step AS (
    SELECT alert_id, arg_max(state, moment) AS state FROM step GROUP BY ALL
), happened AS (
    SELECT alert_id, 'active' AS state, detected AS moment FROM named
    UNION ALL SELECT alert_id, state, moment FROM step WHERE state IS NOT NULL AND moment IS NOT NULL
    UNION ALL
    SELECT alert_id, n.state, CASE WHEN n.state = 'resolved' AND resolved <= export.moment
                                   THEN greatest(resolved, detected) ELSE greatest(export.moment, detected) END
    FROM named AS n LEFT JOIN last_step AS s USING (alert_id) CROSS JOIN export
    WHERE n.state IS DISTINCT FROM coalesce(s.state, 'active') AND n.state IS NOT NULL
)
SELECT DISTINCT n.customer_id, h.moment AS event_at, h.moment AS known_at, n.alert_id, n.kind,
       alert_severity(n.severity) AS severity, alert_confidence(n.confidence) AS confidence, h.state AS status,
       CASE WHEN h.state = 'resolved' THEN alert_end(n.reason) END AS resolved_reason
FROM happened AS h JOIN named AS n USING (alert_id)
