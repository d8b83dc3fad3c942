"""What is kept of the past: periods in which products had the same values, and what changed.

Begin with `update`, which a build of the table calls. Its way: `evidence` and `clocks` (is there
anything new, and is it newer), `files` (what a death left is settled, what is new comes to count
with the table), `state` and `known` (what the files say of themselves, and are), `standing` (are
they those of the last build), `layout` (which columns the history has, and had), `table_rows`,
`matching`, `narrowing` and `transitions` (which rows are of one product, for which nobody looks
any more, and what became of each), `merging`, `periods` and `changes` with `texts` and
`writing` (both files written anew), `notes` and `report` (what there is to say). `reading` is for
whoever looks at the past, `courses` for who draws it, `lately` for who wants it in short,
`naming` for who shows a product.
"""
