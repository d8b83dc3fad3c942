"""Whether a table is to be believed."""
