"""The web server of the web UI."""
