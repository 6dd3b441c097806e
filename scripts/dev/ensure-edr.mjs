// npm leaves out an optional package whose "engines" exclude the Node.js that runs npm. EDR's native library is such
// a package (it wants Node 22), so an install started from Node 20 lacks it even though this project brings its own
// Node 22 (node_modules/.bin/node). Finish the install under that one.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

function edrIs(state) {
  try {
    if (state === "listed") require.resolve("@nomicfoundation/edr");
    else require("@nomicfoundation/edr");
    return true;
  } catch {
    return false;
  }
}

const developmentDependenciesOmitted = !edrIs("listed");
const alreadyRetried = process.env.ENSURE_EDR !== undefined;

if (!developmentDependenciesOmitted && !edrIs("loadable") && !alreadyRetried) {
  const { status } = spawnSync(
    process.execPath,
    [process.env.npm_execpath, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"],
    { stdio: "inherit", env: { ...process.env, ENSURE_EDR: "1" } },
  );
  process.exit(status ?? 1);
}
