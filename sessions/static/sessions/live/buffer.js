// Audio that the server has not yet acknowledged, by its place in the session's bytes.

export class AudioBuffer {
  constructor(limitBytes) {
    this.limitBytes = limitBytes;
    this.frames = [];
    this.start = 0; // the place of the first byte that is kept
    this.end = 0; // the place after the last
  }

  get isFull() {
    return this.end - this.start >= this.limitBytes;
  }

  push(frame) {
    this.frames.push(frame);
    this.end += frame.length;
  }

  /** The rest of the frame that the byte at `place` is in; null where nothing is there yet. */
  from(place) {
    let begin = this.start;
    for (const frame of this.frames) {
      if (place < begin + frame.length) return frame.subarray(Math.max(0, place - begin));
      begin += frame.length;
    }
    return null;
  }

  /** The server keeps everything before `place`. */
  dropBefore(place) {
    while (this.frames.length > 0 && this.start < place) {
      const gone = Math.min(place - this.start, this.frames[0].length);
      if (gone === this.frames[0].length) this.frames.shift();
      else this.frames[0] = this.frames[0].subarray(gone);
      this.start += gone;
    }
  }

  /** What is left is the beginning of a session of its own. */
  renumber() {
    this.end -= this.start;
    this.start = 0;
  }
}
