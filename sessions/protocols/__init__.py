"""Wire protocols as codecs: one file each, no I/O."""
