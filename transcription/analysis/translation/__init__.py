"""Engines of the stage translation."""
