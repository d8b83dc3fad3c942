"""Everything that knows Dagster, in rooms; a room uses those that are named before it.

`instance` (storages, launcher, web UI: the only place of Dagster's private parts), `checkpoints`
(history read and written in our words), `runs` (what happens in a step), `definitions` (what
Dagster shows), `commands` (the same without a web UI). Beside them `names`, which all of them use,
and modules that only keep a name which files of release 1.0 hold.
"""
