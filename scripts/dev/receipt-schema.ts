/** Writes docs/receipt.schema.json anew: npx tsx scripts/dev/receipt-schema.ts */

import { writeFile } from "node:fs/promises";
import path from "node:path";

import { format, resolveConfig } from "prettier";

import { receiptJsonSchema } from "../../lib/compute/receipt-schema.ts";

const file = path.resolve(import.meta.dirname, "../../docs/receipt.schema.json");
const options = await resolveConfig(file, { editorconfig: true });
await writeFile(file, await format(JSON.stringify(receiptJsonSchema()), { ...options, parser: "json" }));
