"""End-to-end tests with the real web UI, daemon, code server and, where there is one, a browser."""
