/** Server-sent events from bytes that may be cut anywhere. */

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
  let pending = "";
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
  const takeLines = (final: boolean): SseEvent[] => {
    const events: SseEvent[] = [];
    // A carriage return at the very end may be the first half of CRLF: it waits for the next bytes.
    const ready = final || !pending.endsWith("\r") ? pending : pending.slice(0, -1);
    const lines = ready.split(/\r\n|\n|\r/);
    const rest = lines.pop() ?? "";
    pending = rest + pending.slice(ready.length);
    for (const line of lines) take(line, events);
    return events;
  };

  return {
    push(chunk) {
      pending += decoder.decode(chunk, { stream: true });
      return takeLines(false);
    },
    end() {
      pending += decoder.decode();
      const events = takeLines(true);
      if (pending !== "") take(pending, events);
      pending = "";
      flush(events);
      return events;
    },
  };
}
