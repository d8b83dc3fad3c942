"""Tests of the products table."""
