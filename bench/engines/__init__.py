"""How long the production engines take, on a CPU and on a GPU: models of the real shapes, random weights."""
