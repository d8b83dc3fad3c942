"""Notices: what is told to people of a crawl or a build, how it reads, and how it is sent.

`of_changes` and `of_failures` say which notices there are, without Dagster and without sending
anything; `notice` is one of them with its text. `addresses` says which addresses may be used, and
`sending`, alone, hands a text to the Apprise library. What the YAML may say, and the record
of what was sent, are elsewhere. Begin with `of_changes`.
"""
