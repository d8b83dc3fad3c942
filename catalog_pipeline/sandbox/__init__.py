"""The practice shop: a small deterministic web shop on loopback, with faults on request.

Begin with `shop` and `app`; `faults` is what can go wrong, `days` what changes from day to day,
`server` how it is started, `traffic` its own count of requests, by which tests judge.
"""
