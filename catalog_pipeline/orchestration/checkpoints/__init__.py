"""The history of a catalogue in Dagster's event log, read and written in the project's words.

`writer` writes what a crawl did, `reader` reads what stands, `statuses` says what that makes of
each page, `standing` what is due; `metadata` is a page's record as an event's metadata and back.
`wipes` and `table_state` answer one question each.
"""
