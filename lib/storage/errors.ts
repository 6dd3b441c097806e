/** Every way storing an object fails. The Why and How of each code is in docs/errors.md. */

import { EXIT, UsageError, ZgError } from "../errors.ts";
import type { Hex } from "../hex.ts";

/** 0G Storage has no root for zero bytes. */
export class EmptyObjectError extends UsageError {
  constructor() {
    super({ message: "There is nothing to store: the object is empty", remedy: "Give at least one byte." });
  }
}

/** A name that is not a storage root: 0x and 64 lower-case hexadecimal digits. */
export class StorageRootMalformedError extends UsageError {
  constructor(root: string) {
    super({
      message: `${JSON.stringify(root)} is not a storage root`,
      remedy: "Give 0x and 64 hexadecimal digits in lower case, e.g. a data hash of npx hardhat inft show <token>.",
      details: { root },
    });
  }
}

/** The bytes do not have the root they were asked or offered under. */
export class StorageRootMismatchError extends ZgError {
  constructor(values: { expected: Hex; actual: Hex; where: string }) {
    super({
      code: "ZG_STORAGE_ROOT",
      exit: EXIT.trust,
      message: `The bytes in ${values.where} have the root ${values.actual}, not ${values.expected}`,
      remedy: "They were altered or cut. Fetch the object again from another copy.",
      details: values,
    });
  }
}

/** Nothing can be written where something was to be kept. */
export class NotWritableError extends ZgError {
  constructor(file: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super({
      code: "ZG_NOT_WRITABLE",
      exit: EXIT.usage,
      message: `${file} cannot be written: ${why}`,
      remedy: "Name a file in a folder that you may write to.",
      details: { file },
      cause,
    });
  }
}

/** Something stands where a file was to be written, and may not be replaced. */
export class OutputExistsError extends ZgError {
  constructor(file: string) {
    super({
      code: "ZG_OUTPUT_EXISTS",
      exit: EXIT.precondition,
      message: `${file} is there already; nothing was replaced`,
      remedy: "Name another folder with --out, or replace the files in it with --force.",
      details: { file },
    });
  }
}

/** A folder below the one to write into is a link, which may lead anywhere. */
export class OutputLinkError extends ZgError {
  constructor(file: string) {
    super({
      code: "ZG_OUTPUT_LINK",
      exit: EXIT.precondition,
      message: `${file} is a link, and may lead out of the folder; nothing was written`,
      remedy: "Remove the link, or name another folder with --out.",
      details: { file },
    });
  }
}

/** The bytes are not the list of a folder, or a list that could not be put on every disk. */
export class DirectoryMalformedError extends ZgError {
  constructor(problem: string, cause?: unknown) {
    super({
      code: "ZG_STORAGE_DIRECTORY",
      exit: EXIT.precondition,
      message: `This is not a stored folder: ${problem}`,
      remedy: "A single file is fetched with npx hardhat storage download <root>. An encrypted folder takes --decrypt.",
      details: { problem },
      cause,
    });
  }
}

/** A folder was asked for, and there is none that can be read. */
export class NotAFolderError extends UsageError {
  constructor(folder: string, cause: unknown) {
    super({
      message: `${folder} is no folder that can be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: "Give a folder; a single file is stored with npx hardhat storage upload <file>.",
      details: { folder },
      cause,
    });
  }
}

/** What came back has another length than the folder's list says. */
export class StoredSizeError extends ZgError {
  constructor(values: { name: string; listed: number; actual: number }) {
    super({
      code: "ZG_STORAGE_SIZE",
      exit: EXIT.trust,
      message: `${values.name} has ${values.actual} bytes; the folder's list says ${values.listed}`,
      remedy: "Whoever stored the folder listed another file, or it is encrypted: --decrypt aes256 or ecies.",
      details: values,
    });
  }
}
