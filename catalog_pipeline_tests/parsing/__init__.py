"""Tests of catalog_pipeline.parsing."""
