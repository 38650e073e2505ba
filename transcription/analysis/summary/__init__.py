"""What a conversation was about, what was decided and who is to do what."""
