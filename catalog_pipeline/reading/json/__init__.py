"""Pages of JSON, and JSON in the scripts of HTML: records, and the paths of fields in them.

Begin with `listing`. `document` is text to values, `embedded` finds the text in HTML, `paths` is
what a path finds and why it finds nothing. Paths are JMESPath: it has a specification with its own
tests, one result for a path on one value, and no search through the whole document.
"""
