"""What the command line does with Dagster: runs in this process, recorded like any other.

`in_process` executes a crawl or a build.
"""
