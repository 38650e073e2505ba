"""The streaming core against other policies: same engine, same audio, same seeds, simulated time."""
