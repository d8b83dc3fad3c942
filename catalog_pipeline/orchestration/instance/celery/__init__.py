"""Runs launched as Celery's tasks, for workers on several machines that share an instance.

`launcher` is named in a `dagster.yaml`, `app` is what a worker is started with. Nobody imports this
room but by these names: what it needs comes with an extra.
"""
