// A microphone or a file as frames of PCM, at the speed of speech.

export const RATE_HZ = 16_000; // what recognisers hear; the server would resample anything else to it
export const BYTES_PER_SECOND = 2 * RATE_HZ;

export class Recorder {
  /** `onFrame(Uint8Array)`, `onLevel(0…1)`; `onDone()` when a file has been played to its end. */
  static async open({ file, workletUrl, frameBytes, onFrame, onLevel, onDone }) {
    const context = new AudioContext();
    try {
      const recorder = new Recorder(context);
      await context.audioWorklet.addModule(workletUrl);
      const source = file ? await fileSource(context, file, onDone) : await recorder.microphone();
      const capture = new AudioWorkletNode(context, "capture", {
        numberOfOutputs: 1, // silent; Safari runs nothing that leads nowhere
        processorOptions: { rate: RATE_HZ, frameSamples: Math.max(128, frameBytes >> 1) },
      });
      capture.port.onmessage = ({ data }) => {
        if (data.pcm) onFrame(new Uint8Array(data.pcm));
        if (data.peak !== undefined) onLevel(data.peak);
        if (data.flushed) recorder.flushed?.();
      };
      recorder.capture = capture;
      recorder.source = source;
      if (file) source.connect(context.destination); // whoever plays a recording hears it
      await context.suspend();
      return recorder;
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  constructor(context) {
    this.context = context;
    this.tracks = [];
    this.begun = false;
  }

  async microphone() {
    if (!navigator.mediaDevices) throw new Error("This browser gives a page no microphone unless it comes over https.");
    // Whoever speaks out of a loudspeaker in the room is heard too, so echoes stay; recognisers know noise.
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
    });
    this.tracks = stream.getTracks();
    return this.context.createMediaStreamSource(stream);
  }

  async record() {
    if (!this.begun) {
      this.begun = true;
      this.source.connect(this.capture).connect(this.context.destination);
      this.source.start?.();
    }
    for (const track of this.tracks) track.enabled = true;
    await this.context.resume();
  }

  /** What was said so far goes out before this returns. */
  async pause() {
    await this.flush();
    for (const track of this.tracks) track.enabled = false;
    await this.context.suspend();
  }

  async close() {
    if (this.context.state === "closed") return;
    if (this.context.state === "running") await this.flush();
    for (const track of this.tracks) track.stop();
    await this.context.close();
  }

  flush() {
    return new Promise((resolve) => {
      this.flushed = resolve;
      this.capture.port.postMessage("flush");
    });
  }
}

async function fileSource(context, file, onDone) {
  const source = context.createBufferSource();
  try {
    source.buffer = await context.decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is no recording that this browser can read.`);
  }
  source.addEventListener("ended", onDone);
  return source;
}
