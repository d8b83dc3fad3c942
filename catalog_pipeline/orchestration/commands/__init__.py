"""What the command line does with Dagster: runs in this process, recorded like any other.

Begin with `crawl_and_build`, which takes a `request`, tells a `spectator` and gives a `result`;
`todo` is what there is to do, `summing` the result, `in_process` executes its runs. `nothing_due`
answers without Dagster where there is nothing to do. `checking` finds mistakes without a run.
"""
