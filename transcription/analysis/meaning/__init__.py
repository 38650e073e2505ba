"""What sentences mean: vectors, and what is learnt from examples."""
