"""Tests of catalog_pipeline.catalogue."""
