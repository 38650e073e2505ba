// The live page: microphone → AudioWorklet → WebSocket → words.

const page = document.body.dataset;
const at = (id) => document.getElementById(id);
const controls = at("controls");
let running = null;

class LiveSession {
  constructor({ socket, context, stream }) {
    this.socket = socket;
    this.context = context;
    this.stream = stream;
    this.ended = false;
  }

  static async open({ key, language }) {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
    });
    const context = new AudioContext();
    await context.audioWorklet.addModule(page.worklet);
    const query = new URLSearchParams({
      interim_results: "true",
      sample_rate: String(context.sampleRate), // the server resamples, the same way for every browser
      language,
    });
    if (key) query.set("token", await shortLivedToken(key));
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/transcribe?${query}`);
    socket.binaryType = "arraybuffer";
    const session = new LiveSession({ socket, context, stream });
    socket.addEventListener("message", (event) => session.receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => session.closed(event));
    return session;
  }

  record() {
    const capture = new AudioWorkletNode(this.context, "capture", {
      numberOfOutputs: 0,
      processorOptions: { frameSamples: Math.floor(Number(page.bufferBytes) / 2) },
    });
    capture.port.onmessage = ({ data }) => {
      at("level").value = data.peak;
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data.pcm);
    };
    this.context.createMediaStreamSource(this.stream).connect(capture);
  }

  receive(message) {
    switch (message.type) {
      case "connected":
        say(message.message);
        at("engine").textContent = `${message.config.engine} · ${message.config.whisper_model}`;
        this.record();
        break;
      case "transcript":
        if (message.is_final) showFinal(message);
        else showPartial(message);
        break;
      case "warning":
        say(message.message);
        break;
      case "error":
        say(`${message.code}: ${message.message}`);
        break;
      case "session_ended":
        this.ended = true;
        say(`Ended after ${message.total_duration.toFixed(1)} s. The analysis is under way.`);
        showAfter(message);
        break;
    }
  }

  async silence() {
    for (const track of this.stream.getTracks()) track.stop();
    if (this.context.state !== "closed") await this.context.close();
    at("level").value = 0;
  }

  async end() {
    await this.silence();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "end_session" }));
    say("Waiting for the last words…");
  }

  closed(event) {
    this.silence();
    if (!this.ended && event.code !== 1000) say(`The connection closed (${event.code}${event.reason && ": "}${event.reason}).`);
    running = null;
    setRunning(false);
  }
}

async function shortLivedToken(key) {
  const response = await fetch("/api/v1/tokens", {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ scope: "live", ttl: 3600 }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? "The key was not accepted.");
  return answer.token;
}

function showFinal(message) {
  const line = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = clock(message.start_time);
  const words = document.createElement("span");
  words.textContent = message.text;
  line.append(time, words);
  if (message.latency_ms !== null) line.title = `${Math.round(message.latency_ms)} ms after the last sound`;
  at("finals").append(line);
  at("stable").textContent = at("tail").textContent = "";
  line.scrollIntoView({ block: "nearest" });
}

function showPartial(message) {
  const letters = Array.from(message.text); // code points, as stable_chars counts them
  at("stable").textContent = letters.slice(0, message.stable_chars).join("");
  at("tail").textContent = letters.slice(message.stable_chars).join("");
  at("partial").scrollIntoView({ block: "nearest" });
}

function showAfter(message) {
  const link = document.createElement("a");
  link.href = message.status_url;
  link.textContent = "the analysis, as JSON";
  at("after").replaceChildren("When it is done: ", link);
  at("after").hidden = false;
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

function say(text) {
  at("status").textContent = text;
}

function setRunning(on) {
  at("start").disabled = on;
  at("stop").disabled = !on;
}

controls.addEventListener("submit", async (event) => {
  event.preventDefault();
  setRunning(true);
  at("finals").replaceChildren();
  at("after").hidden = true;
  say("Asking for the microphone…");
  try {
    running = await LiveSession.open({ key: at("key")?.value, language: at("language").value });
  } catch (error) {
    say(error.name === "NotAllowedError" ? "The microphone was refused." : error.message);
    setRunning(false);
  }
});

at("stop").addEventListener("click", () => running?.end());
