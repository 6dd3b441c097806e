/** The fenced blocks of a document. */

import { readFileSync } from "node:fs";

/** The contents of the blocks in one language, in order. */
export function snippets(document: string, language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...readFileSync(document, "utf8").matchAll(fence)].map(([, content = ""]) => content);
}

/** One line of a shell block: its words, and what its comment says. */
export interface ShellLine {
  readonly words: readonly string[];
  readonly comment: string;
}

/** The lines of a shell block that type something; quotes are double ones, and nothing is expanded. */
export function shellLines(block: string): readonly ShellLine[] {
  return block
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [command = "", comment = ""] = line.split(/ # ?(.*)$/);
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
      return { words, comment };
    });
}
