-- A plain date is over when its day is: Partner Center's days are days of UTC.
CREATE MACRO end_of(moment) AS CASE WHEN moment = date_trunc('day', moment)
    THEN moment + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND ELSE moment END;
-- Ids come in either case, those of tenants also with "org:" before them.
CREATE MACRO id_of(text) AS regexp_replace(lower(text), '^org:', '');
CREATE MACRO word_of(text) AS lower(regexp_replace(text, '[^A-Za-z0-9_]', '', 'g'));
CREATE MACRO in_portfolio(amount, rate) AS
    (amount::DECIMAL(20, 8) * rate::DECIMAL(14, 8))::DECIMAL(18, 4);

-- The reseller's own number of a tenant, where a file says it.
CREATE TABLE own AS SELECT id_of(tenantid) AS own_tenant, any_value(customerid) AS own_customer
    FROM own_number GROUP BY ALL;
CREATE MACRO customer_of(id) AS
    coalesce((SELECT any_value(own_customer) FROM own WHERE own_tenant = id_of(id)), id_of(id));

-- Usage by subscription and day. What an invoice bills of cycles before its own counts on
-- the first day of its own: so no later invoice touches the days of an earlier one. What
-- is billed of a subscription takes the place of what was not billed yet of that cycle:
-- what it leaves out, a later invoice bills.
CREATE TABLE usage_day AS
    WITH cycle AS (
        SELECT invoicenumber, date_trunc('month', max(coalesce(chargestartdate, usagedate))) AS begins
        FROM usage_line WHERE invoicenumber IS NOT NULL GROUP BY ALL
    ), summed AS (
        SELECT id_of(customerid) AS tenant, lower(coalesce(entitlementid, subscriptionid)) AS subscription_id,
               upper(billingcurrency) AS currency,
               begins, greatest(date_trunc('day', usagedate), begins) AS day,
               invoicenumber IS NOT NULL AS is_billed,
               any_value(subscriptiondescription) AS product,
               sum(billingpretaxtotal) AS cost, count(*) AS n,
               count(*) FILTER (WHERE usagedate < begins) AS n_late
        FROM usage_line LEFT JOIN cycle USING (invoicenumber) GROUP BY ALL
    )
    SELECT *, in_portfolio(cost, rate) AS cost_here,
           tenant IS NOT NULL AND (is_billed OR NOT bool_or(is_billed) OVER (
               PARTITION BY tenant, subscription_id, date_trunc('month', day))) AS is_counted
    FROM summed JOIN rate USING (currency);

-- Days of billed cycles that an earlier import has and the invoice does not.
CREATE VIEW unbilled_before AS
    WITH billed AS (
        SELECT DISTINCT customer_of(tenant) AS customer_id, subscription_id, begins FROM usage_day WHERE is_billed
    )
    SELECT t.* FROM there_usage AS t JOIN billed USING (customer_id, subscription_id)
    WHERE t.retracted IS NOT true AND t.event_at >= begins AND t.event_at < begins + INTERVAL 1 MONTH
      AND NOT EXISTS (FROM usage_day AS d WHERE d.is_counted AND customer_of(d.tenant) = t.customer_id
                      AND d.subscription_id = t.subscription_id AND end_of(d.day) = t.event_at);

-- Days of a customer's billed cycle, told by an earlier import or as not billed yet, of a
-- subscription that the bill does not name: another bill of that month may name it.
CREATE VIEW unnamed_by_bill AS
    WITH billed AS (
        SELECT customer_of(tenant) AS customer_id, begins, list(DISTINCT subscription_id) AS named
        FROM usage_day WHERE is_billed AND tenant IS NOT NULL GROUP BY ALL
    ), day AS (
        SELECT customer_id, subscription_id, event_at, cost FROM there_usage AS t
        WHERE retracted IS NOT true
          AND NOT EXISTS (FROM usage_day AS u WHERE u.is_counted AND customer_of(u.tenant) = t.customer_id
                          AND u.subscription_id = t.subscription_id AND end_of(u.day) = t.event_at)
        UNION ALL
        SELECT customer_of(tenant), subscription_id, end_of(day), cost_here FROM usage_day WHERE NOT is_billed AND is_counted
    )
    SELECT d.* FROM day AS d JOIN billed AS b USING (customer_id)
    WHERE d.event_at >= b.begins AND d.event_at < b.begins + INTERVAL 1 MONTH
      AND NOT list_contains(b.named, d.subscription_id)
      AND NOT EXISTS (FROM usage_day AS u WHERE u.is_billed AND customer_of(u.tenant) = d.customer_id
                      AND u.subscription_id = d.subscription_id AND end_of(u.day) = d.event_at);

-- Azure subscriptions that began with the first of their usage, as far as these files go.
-- Where no licences are looked at, a table of these alone would say that there are none.
CREATE VIEW metered AS
    SELECT tenant, subscription_id, min(day) AS day, any_value(product) AS product FROM usage_day
    WHERE is_counted AND subscription_id IS NOT NULL
      AND ('subscriptions' IN (SELECT kind FROM asked) OR EXISTS (FROM there_subscriptions))
      AND subscription_id NOT IN (SELECT subscription_id FROM there_subscriptions)
    GROUP BY ALL;

-- Lines of licences; the others of an invoice file are metered, or bought once.
CREATE VIEW license AS
    SELECT * EXCLUDE (chargetype), word_of(chargetype) AS charge_type, id_of(customerid) AS tenant,
           lower(subscriptionid) AS subscription_id
    FROM license_line
    WHERE subscriptionid IS NOT NULL AND subscriptionstartdate IS NOT NULL
      AND subscriptionenddate IS NOT NULL AND meterdescription IS NULL
      AND lower(coalesce(subscriptiondescription, '')) <> 'azure plan';

-- The months from a first day to a last one.
CREATE MACRO months_of(first_day, last_day) AS coalesce(
    list_filter([1, 3, 6, 12, 36, 60], lambda n: first_day + to_months(n::INTEGER) = last_day + INTERVAL 1 DAY)[1],
    (date_diff('day', first_day, last_day) + 1) / 30.4375);

-- What lines say of a licence by the end of a day. Within one charged period quantities
-- add up, also where a change takes back the whole and charges it anew.
CREATE TABLE license_day AS
    WITH line AS (
        SELECT *, charge_kind(charge_type) AS kind,
               date_trunc('day', chargeenddate) AS period,
               date_trunc('day', CASE WHEN kind = 'cycle' THEN coalesce(chargestartdate, orderdate)
                   ELSE greatest(coalesce(orderdate, chargestartdate), subscriptionstartdate) END) AS day,
               kind IN ('opened', 'renewed', 'cycle') AS is_opening,
               trunc(effectiveunitprice::DECIMAL(24, 14) * coalesce(pctobcexchangerate, 1)::DECIMAL(14, 9), 2)
                   / months_of(date_trunc('day', chargestartdate), date_trunc('day', chargeenddate)) * rate.rate AS monthly
        FROM license JOIN rate ON rate.currency = upper(license.currency)
        WHERE tenant IS NOT NULL
    ), summed AS (
        SELECT tenant, subscription_id, period, day, sum(billablequantity) AS change,
               bool_or(is_opening) AS has_opening, bool_or(kind = 'opened') AS has_opened,
               bool_or(kind = 'renewed') AS has_renewed, bool_or(kind = 'cancelled') AS has_cancelled,
               sum(monthly * billablequantity) FILTER (WHERE is_opening AND billablequantity > 0)
                   / sum(billablequantity) FILTER (WHERE is_opening AND billablequantity > 0) AS monthly,
               max(subscriptionstartdate) AS term_begins, max(subscriptionenddate) AS term_ends,
               any_value(coalesce(skuname, productname)) AS product,
               bool_or(contains(lower(coalesce(productqualifiers, '')), 'trial')) AS is_trial
        FROM line WHERE kind IN ('opened', 'renewed', 'cycle', 'changed', 'cancelled') AND day IS NOT NULL
        GROUP BY ALL
    ), running AS (
        SELECT *, sum(change) OVER so_far AS quantity, bool_or(has_opening) OVER so_far AS is_known
        FROM summed WINDOW so_far AS (PARTITION BY tenant, subscription_id, period ORDER BY day)
    ), judged AS (
        SELECT *, has_cancelled AND (NOT is_known OR quantity <= 0) AS has_ended FROM running
    )
    SELECT *, CASE
        WHEN has_ended THEN 'ended'
        WHEN has_renewed THEN 'renewed'
        WHEN has_opened OR lag(has_ended, 1, false) OVER days THEN 'started'  -- charged anew
        WHEN is_known THEN 'quantity_changed' END AS kind
    FROM judged WINDOW days AS (PARTITION BY tenant, subscription_id ORDER BY day, period);

-- Beginnings of terms that an earlier import knows.
CREATE VIEW begun AS
    SELECT subscription_id, event_at FROM there_subscriptions
    WHERE kind IN ('started', 'renewed') AND retracted IS NOT true;

-- Terms of which only later charges are here, or there.
CREATE VIEW term AS
    SELECT tenant, subscription_id, term_begins, max(term_ends) AS term_ends, any_value(product) AS product,
           bool_or(is_trial) AS is_trial,
           coalesce(bool_or(kind IN ('started', 'renewed')), false) OR EXISTS (
               FROM begun AS b WHERE b.subscription_id = d.subscription_id
               AND b.event_at BETWEEN term_begins AND end_of(max(term_ends))) AS is_told,
           row_number() OVER (PARTITION BY tenant, subscription_id ORDER BY term_begins) = 1 AND NOT EXISTS (
               FROM begun AS b WHERE b.subscription_id = d.subscription_id AND b.event_at < term_begins) AS is_first
    FROM license_day AS d GROUP BY tenant, subscription_id, term_begins;

-- Licences that no later charge speaks of, while the files go on for more than a month. Of
-- subscriptions that are there already those with Microsoft's kind of id are such licences.
CREATE VIEW lapsed AS
    WITH known AS (
        SELECT customer_of(tenant) AS customer_id, subscription_id, kind, end_of(day) AS moment, term_ends FROM license_day
        UNION ALL
        SELECT customer_id, subscription_id, kind, event_at, date_trunc('day', commitment_ends_at) FROM there_subscriptions
        WHERE retracted IS NOT true AND subscription_id NOT IN (SELECT lower(id) FROM subscription)
          AND regexp_full_match(subscription_id, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
    )
    SELECT customer_id, subscription_id, max(term_ends) AS term_ends FROM known
    GROUP BY ALL
    HAVING max(term_ends) + INTERVAL 31 DAY < (SELECT max(chargestartdate) FROM license)
       AND arg_max(kind, moment) IS DISTINCT FROM 'ended';

CREATE MACRO tenant_in(links) AS
    id_of(nullif(regexp_extract(links, '/customers/([^/"]+)/subscriptions/', 1), ''));
CREATE VIEW contract AS
    SELECT * EXCLUDE (status), word_of(status) AS status, tenant_in(links) AS tenant,
           lower(id) AS subscription_id
    FROM subscription;

-- Alerts of either API. Their log is a list, or text of one.
CREATE TABLE alert AS
    SELECT file, row, id AS alert_id, id_of(customertenantid) AS tenant, word_of(alerttype) AS alert_type,
           word_of(status) AS status, word_of(severity) AS severity, word_of(confidencelevel) AS confidence,
           detecteddatetime AS detected, word_of(resolvedreason) AS reason, resolvedondatetime AS resolved,
           activitylogs AS log, coalesce(istest, false) AS is_test
    FROM security_alert
    UNION ALL
    SELECT file, row, eventid, id_of(customertenantid), word_of(coalesce(eventtype, 'NetworkConnectionsToCryptoMiningPools')),
           word_of(eventstatus), word_of(severity), word_of(confidencelevel), eventtime,
           word_of(resolvedreason), resolvedon, activitylogs, coalesce(istest, false)
    FROM fraud_event;

-- A field of text that should be JSON.
CREATE MACRO field_of(text, upper_path, lower_path) AS CASE WHEN json_valid(text) THEN lower(coalesce(
    json_extract_string(text, upper_path), json_extract_string(text, lower_path))) END;
CREATE VIEW audit AS
    SELECT file, row, id_of(customerid) AS tenant, lower(operationtype) AS operation, operationdate AS moment,
           lower(operationstatus) = 'succeeded' AS has_succeeded, userprincipalname IS NOT NULL AS is_person,
           field_of(resourceoldvalue, '$.Status', '$.status') AS status_before,
           field_of(resourcenewvalue, '$.Status', '$.status') AS status_after,
           field_of(resourcenewvalue, '$.Id', '$.id') AS resource_id,
           lower(resourcetype) = 'subscription' AS is_subscription
    FROM audit_record;
