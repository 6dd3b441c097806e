/** How long audio can be, from its bytes alone: what a transcription may cost at most. */

/** The lowest rate that speech is encoded at: Opus begins at 6 kbit/s, MP3 at 8. Bytes per second. */
const LOWEST_RATE = 750;

interface WavFacts {
  readonly bytesPerSecond: number;
  readonly dataBytes: number;
}

/** Reads the header of uncompressed audio (RIFF WAVE); undefined for everything else. */
function wavFacts(audio: Buffer): WavFacts | undefined {
  if (audio.toString("latin1", 0, 4) !== "RIFF" || audio.toString("latin1", 8, 12) !== "WAVE") return undefined;
  let bytesPerSecond: number | undefined;
  for (let at = 12; at + 8 <= audio.length;) {
    const id = audio.toString("latin1", at, at + 4);
    const size = audio.readUInt32LE(at + 4);
    const start = at + 8;
    if (id === "fmt " && start + 16 <= audio.length) bytesPerSecond = audio.readUInt32LE(start + 8);
    if (id === "data" && bytesPerSecond !== undefined && bytesPerSecond > 0) {
      // Recorders that stream write a size of all ones; the file itself is the bound.
      return { bytesPerSecond, dataBytes: Math.min(size, audio.length - start) };
    }
    at = start + size + (size % 2);
  }
  return undefined;
}

/** The exact length of a WAV file in seconds; undefined for other audio. */
export function wavSeconds(bytes: Uint8Array): number | undefined {
  const facts = wavFacts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return facts === undefined ? undefined : facts.dataBytes / facts.bytesPerSecond;
}

/** The longest that audio of these bytes can play: a WAV file as it says, all else at the lowest rate in use. Seconds. */
export function secondsAtMost(bytes: Uint8Array): number {
  return wavSeconds(bytes) ?? bytes.length / LOWEST_RATE;
}
