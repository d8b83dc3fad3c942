"""The products table: page files in, one Parquet file out. The only user of pandas and pyarrow.

Begin with `build`. Its way: `stored_rows` (pages, verified), `json_columns` (the rows of many at
once), `mending` (pages that are not usable as they are), `cells` and `row_batches` (values to
columns), `duplicates` (which row stays), `parquet_writer`, `replace` (the new file in the old one's
place), `report` and `preview`.
"""
