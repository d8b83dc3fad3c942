"""The same crawl in `catalog-pipeline` and its peers, and the figures that it should reach."""
