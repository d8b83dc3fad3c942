"""Tests of the practice shop, against real processes and real sockets."""
