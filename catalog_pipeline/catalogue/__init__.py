"""What a catalogue is: the model of its YAML file, its pages and addresses. No network, no HTML.

Begin with `model`, what a YAML may say, and `page_key`, what a page is called. The way of a file:
`finding` (which files there are), `written` (their text, with lines), `templates`, `scalars`,
`checked` with `agreement` (what parts need of others) and `mending` (what is sound beside
mistakes), `examined` and `files` (all of it together), `mistakes` (what a person is told).
Sections of the YAML: `fields`, `politeness`, `upkeep`. What may be a value: `field_types`,
`value_range`, `bounds`.
"""
