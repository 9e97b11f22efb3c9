-- A subscription that names no price of its own (older Lago) has that of its plan today.
CREATE TABLE priced_by_plan AS
    SELECT DISTINCT s.lago_id FROM subscription AS s JOIN plan AS p ON p.code = s.plan_code
    WHERE s.plan_amount_cents IS NULL AND p.amount_cents IS NOT NULL AND p.amount_currency IS NOT NULL;
UPDATE subscription SET plan_amount_cents = p.amount_cents, plan_amount_currency = p.amount_currency
FROM (FROM plan WHERE amount_cents IS NOT NULL AND amount_currency IS NOT NULL
      QUALIFY row_number() OVER (PARTITION BY code ORDER BY event NULLS FIRST, file DESC, row DESC) = 1) AS p
WHERE p.code = plan_code AND plan_amount_cents IS NULL;
