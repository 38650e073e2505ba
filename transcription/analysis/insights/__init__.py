"""What a supervisor should know of a conversation: findings, risks, what to do next."""
