"""The wiring: settings, servers, workers, and the embedded stack."""
