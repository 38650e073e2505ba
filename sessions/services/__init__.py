"""What writes rows of live sessions: keyword-only functions, one transaction each."""
