"""A table in other formats: any Parquet file in, a file or a table of a database out.

Begin with `export`. Its way: `parquet_rows` (what is exported, batch by batch, in few types),
`formats` (which there are), a writer of one format each (`csv_file`, `jsonl_file`, `xlsx_file`,
`sqlite_file`, `duckdb_file`, `parquet_copy`; `postgres` for a database elsewhere), and `texts`
(values as texts, for those that have no type for them).
"""
