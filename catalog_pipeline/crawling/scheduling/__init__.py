"""The side of a crawl that decides, in one thread: which page next, whether again, when to stop.

Begin with `loop`. How fast: `throttle`, and `shared_throttle` among machines; whether again:
`results` and `retry_policy`; when it is over: `stopping` and `circuit_breaker`; how it is recorded:
`group_commit`.
"""
