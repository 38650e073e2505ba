"""Keywords of one segment: runs of content words, ranked by degree over frequency.

After RAKE (Rose, Engel, Cramer & Cowley 2010, "Automatic keyword extraction from individual documents"):
candidates are what lies between stop words and punctuation; a word scores its degree (how many words it
stands with, itself included) over its frequency, a candidate the sum of its words. Spoken text needs a
longer stop list than written text: the verbs and courtesies of talking say nothing of its topic.
"""

from __future__ import annotations

from collections import Counter

from transcription.analysis.numbers import UNITS
from transcription.analysis.text import STOPWORDS, stem, word_set
from transcription.semantic.line import Line, line_of

LONGEST_PHRASE_WORDS = 3
_TALK = word_set(
    "absolutely across actually afternoon ago ahead along already alright always another anybody anyone "
    "anything anytime anyway around ask asked asking away back bad basically best better big bit bring "
    "brings brought bye call called calling came can't cannot certainly come comes coming could've "
    "couldn't couple course day days definitely didn't different doesn't don't done either else enough "
    "even evening ever every everything exactly far feel feeling feels felt fine first follow following "
    "found gave getting give given gives giving goes gone gonna good goodbye great guess guys had happen "
    "happened happens hasn't haven't he'll he's hello help helped helping hi hold hope how's huh i'd idea "
    "information isn't it'll keep kind knew know known last later least left less let like little ll long "
    "look looked looking lot lots ma'am made make makes making many matter maybe mean means might minute "
    "miss mister mm mom moment morning mr mrs much must name need needed needs never new next nice night "
    "no not nothing number often okay old one ones part people perfect perhaps person place please "
    "possible pretty probably put question quite rather re read ready reason right said saw say saying "
    "says see seem seems seen send sent shall she'll she's should've since sir small somebody someone "
    "something sometimes somewhere soon sorry speak speaking start started starting still stuff sure take "
    "taken takes taking talk talked talking tell telling thank thanks that'd that'll there'll they'd "
    "they'll they've think thinking though thought today together told tomorrow tonight took totally "
    "tried try trying two us use used using usually ve wait want wanted wanting wants wasn't way we'd "
    "week weeks welcome went weren't whatever where's whether who's without won't wonderful word work "
    "working works would wouldn't wrong year years yesterday yet you'd "
) | frozenset(UNITS)


def extract_keywords(text: str, *, limit: int = 6, vocabulary: tuple[str, ...] = ()) -> tuple[str, ...]:
    """At most `limit` keywords of a text, folded, best first; those of `vocabulary` that are said lead."""
    line = line_of(text)
    wanted = tuple(
        phrase
        for phrase in (line_of(item).folded for item in vocabulary)
        if phrase and f" {phrase} " in f" {line.folded} "
    )
    candidates = _candidates(line)
    frequency = Counter(word for phrase in candidates for word in phrase)
    degree: Counter[str] = Counter()
    for phrase in candidates:
        for word in phrase:
            degree[word] += len(phrase)
    scored = {phrase: sum(degree[word] / frequency[word] for word in phrase) for phrase in candidates}
    keywords = list(dict.fromkeys(wanted))
    seen = {_key(tuple(keyword.split())) for keyword in keywords}
    # A dict keeps the order of speech, and sorting is stable: of equals the earlier one leads.
    for phrase in sorted(scored, key=lambda item: -scored[item]):
        if len(keywords) >= limit:
            break
        if (key := _key(phrase)) not in seen:
            seen.add(key)
            keywords.append(" ".join(phrase))
    return tuple(keywords[:limit])


def _key(phrase: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(stem(word) for word in phrase)


def _candidates(line: Line) -> list[tuple[str, ...]]:
    phrases: list[tuple[str, ...]] = []
    run: list[str] = []
    for index, token in enumerate(line.tokens):
        word = token.folded.removesuffix("'s")
        carries = len(word) > 2 and not word[0].isdigit() and word not in STOPWORDS and word not in _TALK
        if carries:
            run.append(word)
        if run and (not carries or line.ends_sentence(index) or len(run) == LONGEST_PHRASE_WORDS):
            phrases.append(tuple(run))
            run = []
    return phrases
