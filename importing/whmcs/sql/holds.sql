-- A service that WHMCS must not suspend by itself. It says since when nowhere.
SELECT h.userid::VARCHAR AS customer_id, end_of_day(h.regdate) AS event_at, export.moment AS known_at,
       'exemption' AS kind, end_of_day(h.overidesuspenduntil) AS until, 'Override Auto-Suspend' AS reason,
       h.id::VARCHAR AS subscription_id, NULL::BOOLEAN AS retracted
FROM tblhosting AS h JOIN client AS c ON c.id = h.userid, export WHERE h.overideautosuspend
UNION ALL
SELECT t.customer_id, t.event_at, export.moment, t.kind, t.until, t.reason, t.subscription_id, true
FROM there_holds AS t JOIN tblhosting AS h ON h.id::VARCHAR = t.subscription_id, export
WHERE t.reason = 'Override Auto-Suspend' AND NOT coalesce(h.overideautosuspend, false)
