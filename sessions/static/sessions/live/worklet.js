// Off the main thread: samples of the sound card to frames of 16-bit PCM at the rate that the server is told.

import { Resampler } from "./resampler.js";

const LEVEL_EVERY_S = 0.05;

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.resampler = new Resampler(sampleRate, processorOptions.rate);
    this.frame = new Int16Array(processorOptions.frameSamples);
    this.filled = 0;
    this.peak = 0;
    this.heard = 0;
    this.port.onmessage = () => {
      this.sendFrame();
      this.port.postMessage({ flushed: true });
    };
  }

  process([input]) {
    if (input.length === 0) return true;
    const mono = input.length === 1 ? input[0] : input[0].map((left, i) => (left + input[1][i]) / 2);
    for (const sample of this.resampler.push(mono)) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.peak = Math.max(this.peak, Math.abs(clipped));
      this.frame[this.filled++] = Math.round(clipped * 0x7fff);
      if (this.filled === this.frame.length) this.sendFrame();
    }
    this.heard += mono.length;
    if (this.heard >= LEVEL_EVERY_S * sampleRate) {
      this.port.postMessage({ peak: this.peak });
      this.peak = this.heard = 0;
    }
    return true;
  }

  sendFrame() {
    const pcm = this.frame.slice(0, this.filled).buffer;
    this.filled = 0;
    if (pcm.byteLength > 0) this.port.postMessage({ pcm }, [pcm]);
  }
}

registerProcessor("capture", Capture);
