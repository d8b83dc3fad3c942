"""Hostile servers, bombs and damaged files, each held to a limit: `make attack`.

`attacks` is what an attack is and how it is measured, in a process of its own. Each other module
holds attacks of one kind in a tuple `ATTACKS`; `__main__` runs those of all modules that it names
and prints one table. An attack is one function that returns what came of it as one line.
"""
