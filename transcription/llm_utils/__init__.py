"""From transcripts to what a language model is given: lines, a window of recent talk, and where to send it.

No model is called here and nothing is remembered beyond the window.
"""

from transcription.llm_utils.context import ContextWindow
from transcription.llm_utils.rendering import Spoken, render_conversation_for_llm, render_segment_for_llm
from transcription.llm_utils.routing import WorkflowType, route_to_workflow

__all__ = [
    "ContextWindow",
    "Spoken",
    "WorkflowType",
    "render_conversation_for_llm",
    "render_segment_for_llm",
    "route_to_workflow",
]
