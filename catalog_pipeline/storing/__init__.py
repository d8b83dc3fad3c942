"""Page files on disk: written durably, verified when read. No network, no parsing.

`page_file` is the format of one file, `folder_store` the folder of a catalogue's.
"""
