"""The side of a crawl that works: processes that exchange, parse and store, and decide nothing.

Begin with `pool`, as the scheduler sees them; `starting` starts them, most of them as forks of a
`template`. In each: `process`, `page_worker` (one task), `page_writer` (its page file),
`request_slots` (how many requests at once).
"""
