"""The operating system, with nothing of a catalogue: files, locks, processes, signals.

`durable_files` and `locked_file` are what the promises of `docs/guarantees.md` stand on.
"""
