/** The bytes of an answer, or undefined when there are more than `limit`; then the rest is not read. */
export async function boundedBody(response: Pick<Response, "body">, limit: number): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > limit) return undefined; // leaving the loop cancels the stream
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}
