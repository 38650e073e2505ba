"""Speech engines, one file each, behind the Protocol in `base`; `registry` finds them by alias or path."""
