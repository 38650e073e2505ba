"""Engines on torch, with models of the right shape that are made here."""
