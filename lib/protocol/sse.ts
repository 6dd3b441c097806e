/** Server-sent events from bytes that may be cut anywhere. */

import { LineCutter } from "./lines.ts";

export interface SseEvent {
  /** Name of the event, `message` when it states none. */
  readonly event: string;
  /** Its data lines, joined by line feeds. */
  readonly data: string;
}

export interface SseParser {
  /** Takes the next bytes and returns the events they complete. */
  push(chunk: Uint8Array): SseEvent[];
  /** Returns the event whose final blank line never came, if any: providers leave it out. */
  end(): SseEvent[];
}

/** Starts an incremental parser. Lines may end in LF, CRLF or CR; comments and unknown fields are skipped. */
export function parseSse(): SseParser {
  const decoder = new TextDecoder();
  const cutter = new LineCutter(/\r\n|\n|\r/);
  let event = "";
  let data: string[] = [];

  const flush = (events: SseEvent[]): void => {
    if (data.length > 0) events.push({ event: event === "" ? "message" : event, data: data.join("\n") });
    event = "";
    data = [];
  };
  const take = (line: string, events: SseEvent[]): void => {
    if (line === "") {
      flush(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
  };
  const takeLines = (lines: readonly string[]): SseEvent[] => {
    const events: SseEvent[] = [];
    for (const line of lines) take(line, events);
    return events;
  };

  return {
    push: (chunk) => takeLines(cutter.push(decoder.decode(chunk, { stream: true }))),
    end() {
      const events = takeLines([...cutter.push(decoder.decode()), ...cutter.end()]);
      flush(events);
      return events;
    },
  };
}
