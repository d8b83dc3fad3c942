"""A catalogue's report: one HTML file that shows its past, from the disk and without a network.

Begin with `page`, which makes the file out of `facts`: what Dagster recorded, and what `gathering`
finds in the table and its history. `tables` and `plots`, which Bokeh draws, are what is seen;
`packing` is how data lies in the file, and `links` what may be a link in it. Whatever comes from a
site passes a gate of showing here. Reading Parquet belongs in the package of the tables.
"""
