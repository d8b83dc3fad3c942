"""From the text of a field to its value, exactly or not at all.

Begin with `conversion`, a table by type; each type that takes more than a line has a module.
"""
