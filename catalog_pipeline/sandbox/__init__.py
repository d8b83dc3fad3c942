"""The practice shop: a small deterministic web shop on loopback, with faults on request."""
