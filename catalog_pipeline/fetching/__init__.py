"""One HTTP exchange at a time: requests, limits, redirects, robots.txt, login. No HTML, no disk.

Begin with `client`, one request and its answer, and `responses`, what an answer is. A request goes
over a connection of `direct`, or through a proxy by requests' `adapter`. Limits are kept
in `connections`, `bodies` and `content_encoding`; where requests may go in `addresses` and
`redirects`. Which failure is tried again is the table in `retry_table`.
"""
