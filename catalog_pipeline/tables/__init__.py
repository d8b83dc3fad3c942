"""The products table: page files in, one Parquet file out. The only user of pandas and pyarrow."""
