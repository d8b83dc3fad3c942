"""The crawl: which page is tried when, by which worker, and what is recorded. No Dagster.

Begin with `crawl`: a job in, an outcome out. `plan` is what is done, recoverable and due. The one
thread that decides is in `scheduling`, the processes that download are in `working`; `messages` go
between the two. `ports` is what a crawl needs of others, `lock` that there is one at a time.
"""
