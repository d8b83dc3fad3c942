"""Whether a table is to be believed: what it is like, and what the YAML and its past demand.

`facts` looks at a table file, `broken_values` at the values of its columns, `last_values` knows
those of the table that is there. `past` is what earlier builds were like, and `verdicts` holds the
one against the other. Nothing is put in place here, or kept back.
"""
