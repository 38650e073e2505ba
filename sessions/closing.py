"""The end of a session: rows that say how it ended, its figures, and the last notice."""

from __future__ import annotations

from sessions import journal, store
from sessions.clock import Clock
from sessions.endings import Ending
from sessions.feed import Feed
from sessions.figures import SessionFigures
from sessions.recorder import Recorder
from sessions.records import SessionIdentity, SessionRecords
from sessions.services.finishing import Finish
from sessions.speaking import Speaker
from sessions.transcriber import Transcriber


class Closing:
    def __init__(
        self,
        *,
        identity: SessionIdentity,
        records: SessionRecords,
        recorder: Recorder,
        transcriber: Transcriber,
        speaker: Speaker,
        figures: SessionFigures,
        clock: Clock,
        feed: Feed,
    ) -> None:
        self._identity = identity
        self._records = records
        self._recorder = recorder
        self._transcriber = transcriber
        self._speaker = speaker
        self._figures = figures
        self._clock = clock
        self._feed = feed

    async def conclude(self, ending: Ending) -> None:
        """Write the end, start the pipeline, say it. Raises RealTimeSession.DoesNotExist."""
        await self._speaker.conclude()
        await self._recorder.finish()
        duration_s = self._clock.unix_s() - self._identity.connected_at
        audio_s = self._transcriber.audio_s
        enhancement_job_id = await self._records.finish(
            Finish(
                session_id=self._identity.session_id,
                status=ending.status,
                reason=ending.reason,
                bytes_received=self._transcriber.meter.total.sent_bytes,
                audio_duration_s=audio_s,
                language=self._speaker.language,
                metrics=self._figures.columns(session_duration_s=duration_s, audio_s=audio_s),
                sent=self._speaker.take_sent(),
                words_missing=self._speaker.words_missing,
            )
        )
        self._speaker.say_ended(ending, enhancement_job_id=enhancement_job_id, session_duration_s=duration_s)

    async def hand_over(self, next_media_seq: int) -> None:
        """The session goes on elsewhere: what was heard and said is where the next process finds it, and the
        row is free."""
        await self._recorder.settle()
        await self._feed.close()
        self._feed.forget(self._identity.session_id)
        await self._records.write_sent_times(self._speaker.take_sent())
        received = self._transcriber.meter.total
        await self._records.release(
            bytes_received=received.sent_bytes,
            audio_duration_s=received.audio_s,
            next_media_seq=next_media_seq,
        )

    async def erase(self) -> None:
        """Nothing of the session may stay."""
        self._recorder.close()
        await self._feed.erase(self._identity.session_id)
        await store.run(journal.erase, self._identity.session_id)
