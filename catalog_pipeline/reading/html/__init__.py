"""Pages of HTML: a guarded tree, selectors, the texts of fields, login forms.

Begin with `listing`. `document` is bytes to tree, `selectors` and `simple_css` what a selector is,
`matching` and `field_reading` what it finds.
"""
