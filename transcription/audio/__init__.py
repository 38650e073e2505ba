"""Bytes to samples: streams (`stream`), files (`files`), and how likely each 32 ms is speech (`vad`)."""
