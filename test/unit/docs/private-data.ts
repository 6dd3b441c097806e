import { mkdir, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { readAgentFiles } from "../../../lib/inft/agent-files.ts";
import { agentDescription, AGENT_PARTS, encodeAgentPart } from "../../../lib/inft/agent.ts";
import { CONTENT_DESCRIPTION, encodeContent } from "../../../lib/inft/content.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const PAGE = readFileSync("docs/private-data.md", "utf8");

describe("docs/private-data.md", () => {
  it("shows a manifest that is one", async () => {
    const [, manifest = expect.fail("no example")] = /```json\n([\s\S]+?)```/.exec(PAGE) ?? [];
    const names = Object.entries(JSON.parse(manifest) as Record<string, unknown>)
      .filter(([field]) => field !== "kind" && field !== "version")
      .flatMap(([, value]) => value as string | string[]);
    const home = await temporaryFolder();
    try {
      for (const name of names) {
        await mkdir(path.join(home.path, path.dirname(name)), { recursive: true });
        await writeFile(path.join(home.path, name), "x");
      }
      await writeFile(path.join(home.path, "agent.json"), manifest);
      const { parts } = await readAgentFiles(home.path, { maxBytes: 100 });
      expect(parts.map(({ name }) => name)).to.deep.equal(names);
      expect(new Set(parts.map(({ part }) => part))).to.deep.equal(new Set(AGENT_PARTS));
    } finally {
      await home.remove();
    }
  });

  it("names the descriptions on chain, and the fields of what they describe", () => {
    expect(PAGE).to.include(`\`${CONTENT_DESCRIPTION}\``);
    for (const part of AGENT_PARTS) {
      expect(agentDescription(part)).to.equal(`application/vnd.0g.agent.${part}`);
      expect(PAGE).to.include(`\`${part}\``);
    }
    const empty = new Uint8Array(0);
    const line = encodeAgentPart({ part: "file", name: "a", bytes: empty });
    for (const document of [encodeContent({ request: empty, response: empty }), line]) {
      const fields = Object.keys(JSON.parse(new TextDecoder().decode(document)) as object);
      for (const field of fields) expect(PAGE, field).to.include(`\`${field}\``);
    }
  });
});
