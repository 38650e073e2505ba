"""Engines that ask an OpenAI-compatible endpoint, and believe of its answers what the transcript says."""
