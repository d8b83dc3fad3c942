"""Resumable catalogue scraping on Dagster: every listing page is a checkpoint."""
