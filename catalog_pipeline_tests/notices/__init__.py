"""Tests of catalog_pipeline.notices."""
