INSERT INTO note SELECT 'left out', count(*), 'charges as money: what Microsoft charges you is no invoice of your customer; import your own billing for those'
FROM license_line;
INSERT INTO note SELECT 'left out', count(*), 'metered lines of invoices: what they cost by the day is in the file of daily rated usage'
FROM license_line WHERE meterdescription IS NOT NULL OR lower(coalesce(subscriptiondescription, '')) = 'azure plan';
INSERT INTO note SELECT 'left out', count(*), 'purchases without a term, such as perpetual software'
FROM license_line WHERE meterdescription IS NULL AND lower(coalesce(subscriptiondescription, '')) <> 'azure plan'
    AND (subscriptionid IS NULL OR subscriptionstartdate IS NULL OR subscriptionenddate IS NULL);
INSERT INTO note SELECT 'left out', (SELECT count(*) FROM usage_line WHERE customerid IS NULL)
    + (SELECT count(*) FROM license_line WHERE customerid IS NULL), 'lines that name no customer';
INSERT INTO note SELECT 'left out', coalesce(sum(n), 0)::BIGINT, 'lines of usage not billed yet, of subscriptions and months that are billed now'
FROM usage_day WHERE NOT is_counted AND tenant IS NOT NULL;
INSERT INTO note SELECT 'left out', count(*), 'days of usage of earlier imports, taken back: the invoice of their month does not have them, and a later one bills what it left out'
FROM unbilled_before;
INSERT INTO note SELECT 'look at', count(*), 'days of usage of a billed month stay (' || sum(cost)::VARCHAR || '), of subscriptions that no bill in these files names, first ' || min(subscription_id)
    || ': import the bill that names them, and all parts of it; if there is none, they were never charged'
FROM unnamed_by_bill;
INSERT INTO note SELECT 'left out', count(*), 'changes of licences whose opening charge is in none of these files; import those of one term together'
FROM license_day WHERE kind IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'lines of licences whose ChargeType has no meaning here' FROM license
WHERE charge_kind(charge_type) NOT IN ('opened', 'renewed', 'cycle', 'changed', 'cancelled', 'credit');
INSERT INTO note SELECT 'left out', count(*), 'subscriptions that name no customer in links.self' FROM contract WHERE tenant IS NULL;
INSERT INTO note SELECT 'left out', count(*), 'alerts that are tests' FROM alert WHERE is_test;
INSERT INTO note SELECT 'left out', count(*), 'logs of alerts that are no list: only the state of today is known'
FROM alert WHERE log IS NOT NULL AND NOT json_valid(log);
INSERT INTO note SELECT 'left out', count(*), 'operations that failed or are under way' FROM audit WHERE NOT has_succeeded;
INSERT INTO note SELECT 'left out', count(*), 'subscriptions are suspended today: since when is in audit records'
FROM contract WHERE status = 'suspended' AND subscription_id NOT IN (
    SELECT resource_id FROM audit WHERE status_after = 'suspended' AND resource_id IS NOT NULL);
INSERT INTO note SELECT 'assumed', count(*), 'days of usage were known a day later, as Microsoft says' FROM usage_day WHERE is_counted;
INSERT INTO note SELECT 'assumed', count(*), 'metered subscriptions began with the first usage in these files' FROM metered;
INSERT INTO note SELECT 'assumed', coalesce(sum(n_late), 0)::BIGINT, 'lines of usage of an earlier cycle count on the first day of the cycle that bills them'
FROM usage_day WHERE is_counted;
INSERT INTO note SELECT 'assumed', count(DISTINCT subscription_id), 'licences cost your customer what Microsoft charges you, by the month: your own prices are not here'
FROM license_day WHERE monthly IS NOT NULL;
INSERT INTO note SELECT 'assumed', count(*), 'terms began when the files say, known from later charges: the purchase is in none of them'
FROM term WHERE NOT is_told;
INSERT INTO note SELECT 'assumed', count(*), 'licences ended with their term: no later charge speaks of them' FROM lapsed;
INSERT INTO note SELECT 'assumed', count(*), 'terms can be cancelled for seven days' FROM term;
INSERT INTO note SELECT 'assumed', count(*), 'subtotals are not the price, rounded down, times BillableQuantity; the price counts'
FROM license WHERE effectiveunitprice IS NOT NULL AND charge_kind(charge_type) <> 'credit' AND abs(subtotal - trunc(effectiveunitprice::DECIMAL(24, 14)
    * coalesce(pctobcexchangerate, 1)::DECIMAL(14, 9), 2) * billablequantity::DECIMAL(14, 6)) >= 0.005;
INSERT INTO note SELECT 'assumed', count(*), 'fraud events without a type are of crypto mining, the only one there was before types'
FROM fraud_event WHERE eventtype IS NULL;
INSERT INTO note SELECT 'assumed', count(*), 'customers without a date were there when this was exported'
FROM customer WHERE id_of(id) NOT IN (
    SELECT tenant FROM usage_day WHERE tenant IS NOT NULL UNION SELECT tenant FROM license_day
    UNION SELECT tenant FROM contract WHERE tenant IS NOT NULL UNION SELECT tenant FROM alert);
