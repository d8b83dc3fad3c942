"""Tests of the page files on disk."""
