// Any sample rate to another, while the audio comes: a polyphase filter, a windowed sinc cut off below both
// Nyquist frequencies (Smith, "Digital Audio Resampling", section "Windowed Sinc Interpolation").

const ZERO_CROSSINGS = 16; // on each side: what would fold back is 70 dB down, for some 90 products a sample

export class Resampler {
  constructor(inputRate, outputRate) {
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this.up = outputRate / divisor;
    this.down = inputRate / divisor;
    const cutoff = 0.95 * Math.min(1, outputRate / inputRate); // of the input's Nyquist frequency
    this.half = inputRate === outputRate ? 0 : Math.ceil(ZERO_CROSSINGS / cutoff);
    this.phases = Array.from({ length: this.up }, (_, phase) => kernel(phase / this.up, this.half, cutoff));
    this.kept = new Float32Array(2 * this.half); // silence before the first sample
    this.position = 0; // of the next output, in 1/up input samples, from the first sample of `kept`
  }

  /** Float32Array in, Float32Array out; a few milliseconds stay inside until more comes. */
  push(samples) {
    if (this.half === 0) return samples;
    const input = new Float32Array(this.kept.length + samples.length);
    input.set(this.kept);
    input.set(samples, this.kept.length);
    const width = 2 * this.half + 1;
    const output = [];
    let first = Math.floor(this.position / this.up);
    while (first + width <= input.length) {
      const taps = this.phases[this.position % this.up];
      let sum = 0;
      for (let tap = 0; tap < width; tap++) sum += taps[tap] * input[first + tap];
      output.push(sum);
      this.position += this.down;
      first = Math.floor(this.position / this.up);
    }
    const used = Math.min(first, input.length);
    this.kept = input.slice(used);
    this.position -= used * this.up;
    return Float32Array.from(output);
  }
}

function kernel(fraction, half, cutoff) {
  const taps = new Float64Array(2 * half + 1);
  for (let tap = 0; tap < taps.length; tap++) {
    const distance = tap - half - fraction;
    const x = Math.PI * cutoff * distance;
    const sinc = distance === 0 ? 1 : Math.sin(x) / x;
    const window = Math.abs(distance) > half ? 0 : blackman(distance / half);
    taps[tap] = cutoff * sinc * window;
  }
  const sum = taps.reduce((total, value) => total + value, 0) || 1;
  return taps.map((value) => value / sum); // every phase passes a constant unchanged
}

function blackman(x) {
  return 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
