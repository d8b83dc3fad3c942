"""What Dagster shows of a catalogue: assets, checks, schedule, sensor, and its component.

Begin with `component`, from which the others are made, and `location`, which loads all of them.
"""
