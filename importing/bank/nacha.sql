-- The records of one file, in table `nacha_record` (row, text), by what they are.

-- Each record with the last one that is no addendum (its entry), the headers of its file
-- and of its batch, and what entries and addenda come to so far. Of the transaction code
-- 21 to 24 credit an account, 26 to 29 debit it.
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
    SELECT row, text, kind, is_debit, cents,
           max(CASE WHEN kind <> '7' THEN row END) OVER so_far AS entry,
           max(CASE WHEN kind = '1' THEN row END) OVER so_far AS of_file,
           max(CASE WHEN kind = '5' THEN row END) OVER so_far AS of_batch,
           sum(CASE WHEN is_debit THEN cents END) OVER so_far AS debits,
           sum(CASE WHEN NOT is_debit THEN cents END) OVER so_far AS credits,
           sum((kind IN ('6', '7'))::INT) OVER so_far AS n,
           sum(bank) OVER so_far AS hash
    FROM read WINDOW so_far AS (ROWS UNBOUNDED PRECEDING);

CREATE OR REPLACE TEMP TABLE nacha_header AS
    SELECT row, kind, text[51:53] AS section, try_strptime(text[24:29], '%y%m%d')::DATE AS made_on
    FROM nacha_placed WHERE kind IN ('1', '5');

-- Entries, each with the last of its addenda that says why it came back, or what to
-- change. A debit that comes back takes money from us; a credit gives it back.
CREATE OR REPLACE TEMP TABLE nacha_entry AS
    WITH addendum AS (
        SELECT entry AS row, arg_max(text[2:21], row) AS said FROM nacha_placed
        WHERE kind = '7' AND text[2:3] IN ('98', '99') GROUP BY entry
    ), told AS (
        SELECT e.*, said[1:2] AS addendum, said[3:5] AS reason, nullif(trim(said[6:20]), '') AS id,
               f.made_on, b.section
        FROM nacha_placed AS e LEFT JOIN addendum USING (row)
        LEFT JOIN nacha_header AS f ON f.row = e.of_file LEFT JOIN nacha_header AS b ON b.row = e.of_batch
        -- the last entry of a file that is cut off may be cut too
        WHERE e.kind = '6'
          AND e.row < (SELECT CASE WHEN bool_or(kind = '9') THEN max(row) + 1 ELSE max(entry) END FROM nacha_placed)
    )
    SELECT row, 1 AS statement, 'nacha' AS form, cents * 0.01 AS amount, 'USD' AS currency,
           CASE WHEN is_debit THEN 'out' ELSE 'in' END AS direction,
           CASE WHEN addendum IS NULL THEN 'apart' WHEN addendum = '98' THEN 'correction'
                WHEN TRY_CAST(reason[2:] AS INT) BETWEEN 61 AND 70 THEN 'dishonored' ELSE 'booked' END AS status,
           true AS is_return, made_on AS booked_on, 'direct_debit' AS method,
           nullif(trim(section), '') AS code, reason, nullif(trim(text[80:94]), '') AS entry,
           false AS is_whole, nullif(trim(text[40:54]), '') AS end_to_end,
           CASE WHEN id IS NULL THEN [] ELSE [id] END AS ids, []::VARCHAR[] AS serials, []::VARCHAR[] AS structured,
           CASE WHEN section = 'IAT' THEN 'IAT' WHEN cents IS NULL OR contains(text[30:39], ' ') THEN 'amount'
                WHEN made_on IS NULL THEN 'date' END AS fault
    FROM told;
