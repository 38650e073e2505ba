"""From hypotheses to segments: past the guards, what is shown, what of it is promised, and what is final."""

from __future__ import annotations

from dataclasses import replace

from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis
from transcription.streaming.agreement import CLAIM_CONTEXT_S, agreed_words, probable_words, words_before
from transcription.streaming.config import StreamConfig
from transcription.streaming.cutting import split
from transcription.streaming.events import DecodeRequest, StreamEvent
from transcription.streaming.guards import Guarded, guard
from transcription.streaming.language import LanguageMemory
from transcription.streaming.listening import Listener
from transcription.streaming.prompting import Prompt
from transcription.streaming.segments import SegmentWriter
from transcription.streaming.start import StartAt
from transcription.streaming.utterance import Utterance


class Scribe:
    """The text side of the core. Works on the oldest utterance of the listener."""

    def __init__(self, listener: Listener, start: StartAt) -> None:
        self.writer = SegmentWriter(start)
        self.language = LanguageMemory()
        self.prompt = Prompt()
        self._listener = listener

    def show(
        self, utterance: Utterance, request: DecodeRequest, hypothesis: Hypothesis, config: StreamConfig
    ) -> list[StreamEvent]:
        """A hypothesis of an utterance that is not final. Words behind a forced cut stay in sight in its
        segment until the final moves them to the next one."""
        heard = self._guarded(utterance, request.end_sample, hypothesis)
        window_end_s = request.end_sample / SAMPLE_RATE_HZ
        agreed = agreed_words(utterance.words, heard.words, window_end_s=window_end_s)
        utterance.stable = max(min(agreed, heard.sure), heard.settled)
        utterance.words, utterance.timed = heard.words, heard.timed
        # No forced cut may be able to move to the next segment what is promised to stay.
        cut_s = self._listener.earliest_cut_s(utterance, config)
        claimed = min(heard.settled, words_before(utterance.words, cut_s))
        if not hypothesis.provisional:
            # Enough must follow, a word among it.
            limit_s = min(window_end_s - CLAIM_CONTEXT_S, cut_s)
            surest = max(
                utterance.stable, min(probable_words(heard.words, config.commit_probability), heard.sure)
            )
            claimed = min(surest, words_before(utterance.words[:-1], limit_s))
        return self._partial(
            utterance, claimed, window_end_s, hypothesis.language or request.language, request.id
        )

    def finalise(
        self,
        utterance: Utterance,
        hypothesis: Hypothesis | None,
        request_id: int | None,
        config: StreamConfig,
    ) -> list[StreamEvent]:
        """The oldest utterance is done with. Without a hypothesis its last partial stands."""
        end = utterance.asked_until
        if hypothesis is None:
            heard = Guarded(utterance.words, looped=False, timed=utterance.timed)
        else:
            heard = self._guarded(utterance, end, hypothesis)
            self.language.heard(hypothesis, (end - utterance.start) / SAMPLE_RATE_HZ)
        count = self._listener.own_words(heard.words)
        words = heard.words[:count]
        language = (hypothesis.language if hypothesis else None) or self.language.ask_for(config.language)
        events = self.writer.final(
            words,
            start_s=utterance.covered_from / SAMPLE_RATE_HZ,
            end_s=utterance.covered_until / SAMPLE_RATE_HZ,
            covers_until=utterance.covered_until,
            heard=heard.segments,
            language=language,
            timed=heard.timed,
            request_id=request_id,
        )
        self._listener.utterances.popleft()
        self.prompt.said(words, language, most_chars=0 if utterance.looped else config.prompt_chars)
        return events + self._carry(replace(heard, words=heard.words[count:]), end, language, request_id)

    def _carry(
        self, behind: Guarded, heard_until: int, language: str | None, request_id: int | None
    ) -> list[StreamEvent]:
        """Words heard behind a forced cut are the next utterance's first hypothesis: a reader who saw them
        goes on seeing them, and what was decoded once need not be decoded again to be shown."""
        following = self._listener.utterances[0] if self._listener.utterances else None
        if following is None or following.seam_before is None or not behind.words or behind.looped:
            return []
        following.words, following.timed = behind.words, behind.timed
        following.heard_until = max(following.heard_until, heard_until)
        return self._partial(following, 0, heard_until / SAMPLE_RATE_HZ, language, request_id)

    def _partial(
        self, utterance: Utterance, claimed: int, end_s: float, language: str | None, request_id: int | None
    ) -> list[StreamEvent]:
        return self.writer.partial(
            utterance.words,
            claimed,
            start_s=utterance.covered_from / SAMPLE_RATE_HZ,
            end_s=end_s,
            language=language,
            timed=utterance.timed,
            request_id=request_id,
        )

    def _guarded(self, utterance: Utterance, end_sample: int, hypothesis: Hypothesis) -> Guarded:
        """What passes the guards and was not said before the seam."""
        heard = guard(hypothesis, window_s=(end_sample - utterance.start) / SAMPLE_RATE_HZ)
        if heard.looped:
            self.prompt.clear()
            utterance.looped = True
        if utterance.seam_before is None:
            return heard
        gone = split(heard.words, utterance.seam_before)
        return replace(
            heard,
            words=heard.words[gone:],
            sure=max(0, heard.sure - gone),
            settled=max(0, heard.settled - gone),
        )
