import { expect } from "chai";
import { keccak256, toUtf8Bytes } from "ethers";

import type { Hex } from "../../../lib/hex.ts";
import { decodeDirectory, encodeDirectory, isDirectory, type StoredFile } from "../../../lib/storage/directory.ts";
import { DirectoryMalformedError } from "../../../lib/storage/errors.ts";

const ROOT: Hex = `0x${"ab".repeat(32)}`;
const OTHER: Hex = `0x${"cd".repeat(32)}`;
const MAGIC = Buffer.from(keccak256(toUtf8Bytes("0g-storage-client-dir-codec")).slice(2), "hex");

/** The list of a folder as 0G's Go client writes it. */
function listed(tree: unknown, version = 2): Uint8Array {
  return new Uint8Array(Buffer.concat([MAGIC, Uint8Array.of(0, version), Buffer.from(JSON.stringify(tree))]));
}
const folder = (...entries: unknown[]) => ({ name: "/", type: "directory", entries });
const file = (name: string, more: object = { size: 3, roots: [ROOT] }) => ({ name, type: "file", ...more });

describe("the list of a stored folder", () => {
  const FILES: readonly StoredFile[] = [
    { name: "b.txt", size: 3, roots: [ROOT] },
    { name: "a/deep/c.bin", size: 600, roots: [ROOT, OTHER] },
    { name: "a/empty", size: 0, roots: [] },
    { name: "Z", size: 1, roots: [OTHER] },
  ];

  it("is written as 0G's Go client writes it: sorted by bytes, nothing where Go leaves it out", () => {
    const bytes = encodeDirectory({ files: FILES, emptyFolders: ["hollow"] });
    expect(Buffer.from(bytes.subarray(0, 34)).equals(Buffer.concat([MAGIC, Uint8Array.of(0, 2)]))).to.equal(true);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(34)))).to.deep.equal({
      name: "/",
      type: "directory",
      entries: [
        { name: "Z", type: "file", roots: [OTHER], size: 1 },
        {
          name: "a",
          type: "directory",
          entries: [
            {
              name: "deep",
              type: "directory",
              entries: [{ name: "c.bin", type: "file", roots: [ROOT, OTHER], size: 600 }],
            },
            { name: "empty", type: "file" },
          ],
        },
        { name: "b.txt", type: "file", roots: [ROOT], size: 3 },
        { name: "hollow", type: "directory" },
      ],
    });
    expect(isDirectory(bytes)).to.equal(true);
  });

  it("comes back with every file under its path", () => {
    const { files, emptyFolders, links } = decodeDirectory(encodeDirectory({ files: FILES, emptyFolders: ["hollow"] }));
    expect(files).to.have.deep.members(FILES);
    expect({ emptyFolders, links }).to.deep.equal({ emptyFolders: ["hollow"], links: [] });
  });

  it("is read in its first version, too, where a file has one hash, of an empty one zeros", () => {
    const tree = folder(file("a", { hash: ROOT, size: 3 }), file("b", { hash: `0x${"00".repeat(32)}` }));
    expect(decodeDirectory(listed(tree, 1)).files).to.deep.equal([
      { name: "a", size: 3, roots: [ROOT] },
      { name: "b", size: 0, roots: [] },
    ]);
  });

  it("names links, which nobody makes from it", () => {
    const tree = folder({ name: "link", type: "symbolic", link: "/etc/passwd" });
    expect(decodeDirectory(listed(tree)).links).to.deep.equal(["link"]);
  });

  for (const [what, bytes] of [
    ["bytes that are none", Uint8Array.of(1, 2, 3)],
    ["another version", listed(folder(), 3)],
    ["what is no JSON", new Uint8Array(Buffer.concat([MAGIC, Uint8Array.of(0, 2, 123)]))],
    ["a single file", listed(file("a"))],
    ["a name that leads out of the folder", listed(folder(file("..")))],
    ["a name with a way in it", listed(folder(file("../../etc/passwd")))],
    ["a name with a way in it, other slashes", listed(folder(file("..\\x")))],
    ["a name that is a path", listed(folder(file("a/b")))],
    ["an absolute name", listed(folder(file("/etc/passwd")))],
    ["no name", listed(folder(file("")))],
    ["a folder that leads elsewhere", listed(folder({ name: "..", type: "directory", entries: [file("x")] }))],
    ["a link that leads elsewhere", listed(folder({ name: "../x", type: "symbolic", link: "x" }))],
    ["two names that are one file on some systems", listed(folder(file("A"), file("a")))],
    ["a file that is also a folder", listed(folder(file("a"), { name: "a", type: "directory", entries: [file("b")] }))],
    ["bytes without a root", listed(folder(file("a", { size: 3 })))],
    ["a root without bytes", listed(folder(file("a", { roots: [ROOT] })))],
    ["a root that is none", listed(folder(file("a", { size: 3, roots: ["0x12"] })))],
    ["a size that is none", listed(folder(file("a", { size: -3, roots: [ROOT] })))],
    ["a node of another kind", listed(folder({ name: "a", type: "socket" }))],
  ] as const) {
    it(`is not ${what}`, () => {
      expect(() => decodeDirectory(bytes))
        .to.throw(DirectoryMalformedError)
        .that.includes({ code: "ZG_STORAGE_DIRECTORY", exit: 3 });
    });
  }

  it("is not deeper than folders are, however deep that is", () => {
    const depth = 100_000;
    const json = `${'{"name":"d","type":"directory","entries":['.repeat(depth)}${"]}".repeat(depth)}`;
    const bytes = new Uint8Array(Buffer.concat([MAGIC, Uint8Array.of(0, 2), Buffer.from(json)]));
    expect(() => decodeDirectory(bytes)).to.throw(DirectoryMalformedError, /deeper/);
  });

  it("is not written with names that are not good everywhere", () => {
    for (const name of ["../x", "a:b", "con", "a/"]) {
      const files = [{ name, size: 1, roots: [ROOT] }];
      expect(() => encodeDirectory({ files, emptyFolders: [] }), name).to.throw(DirectoryMalformedError);
    }
    const files = [{ name: "a", size: 1, roots: [ROOT] }];
    expect(() => encodeDirectory({ files, emptyFolders: ["A"] })).to.throw(DirectoryMalformedError);
  });
});
