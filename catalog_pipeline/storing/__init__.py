"""Page files: written durably, verified when read, in a folder or an object store. No parsing.

`page_file` is the format of one file, `store` what is asked of whatever keeps them, `folder_store`
the folder of a catalogue's, `object_store` the same in a bucket, by way of `objects`.
"""
