"""The Parquet table of a catalogue's products. The only place for pandas and pyarrow."""
