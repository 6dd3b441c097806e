// Everything a reviewer runs: one build, then format, lint and type check side by side, then all tests. Fails if any fails.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** npm scripts that only read what the build wrote, and so may run at the same time. */
const READING = ["format:check", "lint:sources", "lint:contracts", "lint:solidity-tests", "typecheck:sources"];

await mustPass("build");
const outcomes = await Promise.all(READING.map(run));
for (const [index, { code, output }] of outcomes.entries()) {
  console.log(`${code === 0 ? "✔" : "✖"} ${READING[index]}`);
  process.stdout.write(output);
}
if (outcomes.some(({ code }) => code !== 0)) process.exit(1);
await mustPass("test");

/** Output is kept until the end: lines of two tools would run into each other. */
async function run(script) {
  const child = spawn("npm", ["run", "--silent", script], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "close");
  return { code, output };
}

async function mustPass(script) {
  const [code] = await once(spawn("npm", ["run", "--silent", script], { stdio: "inherit" }), "exit");
  if (code !== 0) process.exit(code ?? 1);
}
