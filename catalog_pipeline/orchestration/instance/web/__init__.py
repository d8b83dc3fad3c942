"""The web UI with its daemon and code server, as `catalog-pipeline ui` runs them.

Begin with `services`, which starts and ends them together. `server` is the web server, in the same
process; `guard` keeps pages of other sites away from it; `one_daemon` keeps a second daemon away
from the home; `readiness` tells when all are at work.
"""
