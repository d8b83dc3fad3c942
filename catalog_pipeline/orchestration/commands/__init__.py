"""What the command line does with Dagster: runs in this process, recorded like any other.

Begin with `crawl_and_build`, which takes a `request`, tells a `spectator` and gives a `result`;
`in_process` executes its runs. `checking` finds mistakes without a run.
"""
