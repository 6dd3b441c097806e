/** Writes small PNG images, and reads the size of one: nothing else of them is needed here. */

import { crc32, deflateSync } from "node:zlib";

export interface Size {
  readonly width: number;
  readonly height: number;
}

type Colour = readonly [red: number, green: number, blue: number];

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/**
 * Encodes an image of at most 256 colours.
 * @param pixel the colour's place in the palette.
 * @param comment readable in the file, ISO 8859-1.
 */
export function encodePng(
  { width, height }: Size,
  palette: readonly Colour[],
  pixel: (x: number, y: number) => number,
  comment: string,
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits a pixel, by palette
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    const row = y * (width + 1) + 1; // each row begins with its filter: 0, none
    for (let x = 0; x < width; x++) rows[row + x] = pixel(x, y);
  }
  return new Uint8Array(
    Buffer.concat([
      SIGNATURE,
      chunk("IHDR", header),
      chunk("PLTE", Buffer.from(palette.flat())),
      chunk("tEXt", Buffer.from(`Comment\0${comment}`, "latin1")),
      chunk("IDAT", deflateSync(rows)),
      chunk("IEND", new Uint8Array()),
    ]),
  );
}

/** The size a PNG states. Undefined for what is none. */
export function pngSize(bytes: Uint8Array): Size | undefined {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (image.length < 33 || !image.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (image.toString("latin1", 12, 16) !== "IHDR") return undefined;
  return { width: image.readUInt32BE(16), height: image.readUInt32BE(20) };
}
