-- The records of one file, in table `nacha_record` (row, text), by what they are.

-- Each record with the last one that is no addendum (its entry), and how many headers and
-- control records stand before it (its section). Of the transaction code 21 to 24 credit
-- an account, 26 to 29 debit it.
CREATE OR REPLACE TEMP TABLE nacha_placed AS
    WITH cut AS (
        SELECT row, CASE WHEN length(text) < 94 THEN rpad(text, 94, ' ') ELSE text END AS text, text[1] AS kind
        FROM nacha_record WHERE text <> repeat('9', 94)
    ), read AS (
        SELECT *, text[3] >= '5' AS is_debit,
               CASE WHEN kind = '6' AND regexp_full_match(trim(text[30:39]), '[0-9]+') THEN text[30:39]::BIGINT END AS cents,
               CASE WHEN kind = '6' AND regexp_full_match(text[4:11], '[0-9]+') THEN text[4:11]::BIGINT END AS bank
        FROM cut
    )
    SELECT *, max(CASE WHEN kind <> '7' THEN row END) OVER so_far AS entry,
           sum((kind IN ('1', '5', '8', '9'))::INT) OVER so_far AS section
    FROM read WINDOW so_far AS (ROWS UNBOUNDED PRECEDING);

-- Headers and control records, with the headers of the file and of the batch that they are
-- in, and what the entries and addenda before them come to.
CREATE OR REPLACE TEMP TABLE nacha_mark AS
    WITH summed AS (
        SELECT section, sum(cents) FILTER (is_debit) AS debits, sum(cents) FILTER (NOT is_debit) AS credits,
               count(*) AS n, sum(bank) AS hash
        FROM nacha_placed WHERE kind IN ('6', '7') GROUP BY section
    ), mark AS (
        SELECT row, kind, text, section, try_strptime(text[24:29], '%y%m%d')::DATE AS day
        FROM nacha_placed WHERE kind IN ('1', '5', '8', '9')
    )
    SELECT row, kind, text, section,
           arg_max({day: day}, CASE WHEN kind = '1' THEN row END) OVER so_far AS of_file,
           arg_max({code: text[51:53]}, CASE WHEN kind = '5' THEN row END) OVER so_far AS of_batch,
           coalesce(sum(debits) OVER before, 0) AS debits, coalesce(sum(credits) OVER before, 0) AS credits,
           coalesce(sum(n) OVER before, 0) AS n, coalesce(sum(hash) OVER before, 0) AS hash
    FROM mark LEFT JOIN summed USING (section)
    WINDOW so_far AS (ORDER BY section ROWS UNBOUNDED PRECEDING),
           before AS (ORDER BY section ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);

-- Entries, each with the last of its addenda that says why it came back, or what to
-- change. A debit that comes back takes money from us; a credit gives it back.
CREATE OR REPLACE TEMP TABLE nacha_entry AS
    WITH addendum AS (
        SELECT entry AS row, arg_max(text[2:21], row) AS said FROM nacha_placed
        WHERE kind = '7' AND text[2:3] IN ('98', '99') GROUP BY entry
    ), told AS (
        SELECT e.*, said[1:2] AS addendum, said[3:5] AS reason, nullif(trim(said[6:20]), '') AS id,
               m.of_file.day AS made_on, m.of_batch.code AS batch_code
        FROM nacha_placed AS e LEFT JOIN addendum USING (row) JOIN nacha_mark AS m USING (section)
        -- the last entry of a file that is cut off may be cut too
        WHERE e.kind = '6'
          AND e.row < (SELECT CASE WHEN bool_or(kind = '9') THEN max(row) + 1 ELSE max(entry) END FROM nacha_placed)
    )
    SELECT row, 1 AS statement, 'nacha' AS form, cents * 0.01 AS amount, 'USD' AS currency,
           CASE WHEN is_debit THEN 'out' ELSE 'in' END AS direction,
           CASE WHEN addendum IS NULL THEN 'apart' WHEN addendum = '98' THEN 'correction'
                WHEN TRY_CAST(reason[2:] AS INT) BETWEEN 61 AND 70 THEN 'dishonored' ELSE 'booked' END AS status,
           true AS is_return, made_on AS booked_on, 'direct_debit' AS method,
           nullif(trim(batch_code), '') AS code, reason, nullif(trim(text[80:94]), '') AS entry,
           false AS is_whole, nullif(trim(text[40:54]), '') AS end_to_end,
           CASE WHEN id IS NULL THEN [] ELSE [id] END AS ids, []::VARCHAR[] AS serials, []::VARCHAR[] AS structured,
           CASE WHEN batch_code = 'IAT' THEN 'IAT' WHEN cents IS NULL OR contains(text[30:39], ' ') THEN 'amount'
                WHEN made_on IS NULL THEN 'date' END AS fault
    FROM told;
