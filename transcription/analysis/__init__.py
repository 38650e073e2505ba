"""Words to meaning: one folder or file per capability, each behind a Protocol in `base`."""
