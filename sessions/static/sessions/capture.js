// Collects the microphone's samples into PCM s16le frames, off the main thread.

class Capture extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.frame = new Int16Array(Math.max(128, options.processorOptions.frameSamples));
    this.filled = 0;
    this.peak = 0;
  }

  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return true;
    for (const sample of channel) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.peak = Math.max(this.peak, Math.abs(clipped));
      this.frame[this.filled++] = clipped < 0 ? clipped * 0x8000 : clipped * 0x7fff;
      if (this.filled === this.frame.length) {
        const pcm = this.frame.slice().buffer;
        this.port.postMessage({ pcm, peak: this.peak }, [pcm]);
        this.filled = 0;
        this.peak = 0;
      }
    }
    return true;
  }
}

registerProcessor("capture", Capture);
