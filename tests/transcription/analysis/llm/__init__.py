"""Engines that ask an endpoint, against a server of this machine."""
