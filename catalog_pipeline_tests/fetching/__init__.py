"""Tests of catalog_pipeline.fetching."""
