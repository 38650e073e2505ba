"""The admin of this room: what a machine wrote is for reading, what people decide is for editing."""

from conversations.admin import access, catalogue, conversation, rows

__all__ = ["access", "catalogue", "conversation", "rows"]
