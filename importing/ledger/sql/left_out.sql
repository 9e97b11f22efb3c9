-- Whose each row is that was not understood; the source says it in `owner_of_strange`.
FROM owner_of_strange
