"""Tests of catalog_pipeline.reading."""
