"""How sentences of ours count things, wherever they are said.

Not here: text that comes from elsewhere (`showing`), and instants and durations (`cli.times`).
"""


def counted(number: int, noun: str) -> str:
    """A number of things: `1 page`, `1,200 pages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def changes_told(new: int, gone: int, returned: int, changed: int, values: int) -> str:
    """What a build found otherwise: how many products, and how many values of the changed ones."""
    told = (
        f"{new:,} new, {gone:,} gone, {returned:,} returned, {counted(changed, 'changed product')}"
    )
    return f"{told} ({counted(values, 'value')})" if values else told
