"""Engines of the stage emotion."""
