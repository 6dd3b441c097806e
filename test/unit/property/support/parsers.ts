/** Every parser of bytes that others wrote, or could have changed. What reads such bytes and is not here is not proved. */

import { ANSWERS } from "./answers.ts";
import { DOCUMENTS } from "./documents.ts";
import type { Parser } from "./fuzz.ts";

export const PARSERS: readonly Parser[] = [...ANSWERS, ...DOCUMENTS];
