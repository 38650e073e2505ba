// What is known of the words: segments by id, the newest revision of each, and whose they are. No page in here.

export class Transcript {
  constructor() {
    this.segments = new Map(); // by key
    this.turns = new Map(); // revision by key
    this.speakers = []; // in the order in which they were first heard
    this.part = 0; // of which session, where one took over from another
  }

  /** A `transcript` of /ws/transcribe. The segment that changed, or null: it was known, or newer is. */
  hear(body) {
    return this.put({
      key: this.key(body.segment_id),
      start: body.start_time,
      end: body.end_time,
      text: body.text,
      stable: body.is_final ? Infinity : body.stable_chars,
      isFinal: body.is_final,
      revision: body.revision,
      speaker: body.speaker_id,
    });
  }

  /** A segment of the segment stream: what was said while this page was away. */
  catchUp(segment) {
    return this.put({
      key: this.key(segment.id),
      start: segment.start,
      end: segment.end,
      text: segment.text,
      stable: segment.partial ? segment.stable_chars : Infinity,
      isFinal: !segment.partial,
      revision: segment.revision,
      speaker: segment.speaker_id,
    });
  }

  /** A turn says whose its segments are. Gives the segments that changed. */
  turn({ id, revision, speaker_id: speaker, segment_ids: ids }) {
    const key = this.key(id);
    if (speaker === null || (this.turns.get(key) ?? -1) >= revision) return [];
    this.turns.set(key, revision);
    const changed = ids.map((id) => this.segments.get(this.key(id))).filter((one) => one && one.speaker !== speaker);
    for (const segment of changed) segment.speaker = this.meet(speaker);
    return changed;
  }

  put(segment) {
    const known = this.segments.get(segment.key);
    if (known && (known.isFinal || known.revision >= segment.revision)) return null;
    segment.speaker = this.meet(segment.speaker ?? known?.speaker ?? null);
    this.segments.set(segment.key, segment);
    return segment;
  }

  meet(speaker) {
    if (speaker !== null && !this.speakers.includes(speaker)) this.speakers.push(speaker);
    return speaker;
  }

  /** Another session goes on where this one was given up; its segments count from 0 again. */
  nextPart() {
    this.part += 1;
  }

  key(id) {
    return `${this.part}-${id}`;
  }
}

export function speakerName(label, speakers) {
  return `Speaker ${speakers.indexOf(label) + 1}`;
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
