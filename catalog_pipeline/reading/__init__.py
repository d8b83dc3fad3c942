"""From a page's bytes to its products: charset, selectors, values. No network, no disk.

Begin with `html.listing`. `charset` makes bytes text, `html` finds the products and the texts of
their fields, `values` makes values of the texts; `explaining` tells somebody who writes a YAML why
nothing was found.
"""
