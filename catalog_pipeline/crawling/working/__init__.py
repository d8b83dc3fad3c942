"""The side of a crawl that works: processes that exchange, parse and store, and decide nothing.

Begin with `pool`, as the scheduler sees them. In each: `process`, `page_worker` (one task),
`page_writer` (its page file), `request_slots` (how many requests at once).
"""
