"""Tests of catalog_pipeline.crawling."""
