"""Crawls that die: real processes, real signals, and what is true afterwards."""
