"""REST of live sessions: listing, ending, announcing."""
