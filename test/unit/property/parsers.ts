import { fuzz } from "./support/fuzz.ts";
import { PARSERS } from "./support/parsers.ts";

/** The same inputs every time; `npm run fuzz:parsers` draws others. */
const OPTIONS = { runs: 200, seed: 20_261_121 };

describe("parsers of bytes that others wrote, when these are spoiled", function () {
  this.timeout(60_000);

  for (const parser of PARSERS) {
    it(`answer or refuse with an error of their own: ${parser.name}`, async () => {
      await fuzz(parser, OPTIONS);
    });
  }
});
