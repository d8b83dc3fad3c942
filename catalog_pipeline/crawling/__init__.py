"""The crawl: which page is tried when, by which worker, and what is recorded. No Dagster."""
