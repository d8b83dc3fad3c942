"""From a page's bytes to its products: charset, selectors, values. No network, no disk."""
