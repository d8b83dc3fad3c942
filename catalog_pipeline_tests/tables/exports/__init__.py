"""Tests of exports: `cases` are the values, `readers` what reads them again."""
