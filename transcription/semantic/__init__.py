"""Meaning by rules: keywords, intents, risks and actions, fast enough to run on every final segment.

No model, no network, no state: the same text gives the same annotation. English only; the rules read text
as recognisers write it (lower case, no punctuation) as well as text that people typed.
"""

from transcription.semantic.actions import ActionMention, find_actions, find_decisions, find_proposals
from transcription.semantic.annotator import KeywordSemanticAnnotator
from transcription.semantic.config import SemanticConfig
from transcription.semantic.intent import INTENTS, Intent, classify_intent
from transcription.semantic.keywords import extract_keywords
from transcription.semantic.risk import RISK_TAGS, RiskMention, find_risks

__all__ = [
    "INTENTS",
    "RISK_TAGS",
    "ActionMention",
    "Intent",
    "KeywordSemanticAnnotator",
    "RiskMention",
    "SemanticConfig",
    "classify_intent",
    "extract_keywords",
    "find_actions",
    "find_decisions",
    "find_proposals",
    "find_risks",
]
