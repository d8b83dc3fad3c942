"""Tests of the page that shows the past."""
