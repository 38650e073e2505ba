"""What was said and what was learned: conversations, their words, and what the pipeline made of them."""
