"""What keeps the stack from starting, in words for whoever typed `make up`."""


class StackError(Exception):
    """A part of the stack cannot start; the message says which and what to do."""
