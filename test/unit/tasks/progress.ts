import { expect } from "chai";

import { barText, ProgressBar, uploadProgress } from "../../../tasks/support/progress.ts";

/** What is shown, on a terminal or not. */
function output({ terminal = false } = {}) {
  const lines: string[] = [];
  let drawn = "";
  return {
    lines,
    drawn: () => drawn,
    output: {
      log: (line: string) => lines.push(line),
      terminal: terminal ? { write: (text: string | Uint8Array) => ((drawn += String(text)), true) } : undefined,
    },
  };
}

describe("the progress of a transfer", () => {
  it("is a bar with its share, on one line", () => {
    expect(barText(19_200_000, 64_000_000)).to.equal("[#########---------------------]  30 %  19.2 of 64.0 MB");
    expect(barText(0, 0)).to.include("100 %");
    expect(barText(5, 4)).to.include("[##############################] 100 %");
  });

  it("is drawn over itself on a terminal, and left with a line end", () => {
    const { output: shown, drawn, lines } = output({ terminal: true });
    const bar = new ProgressBar(shown, "up");
    for (const done of [0, 1, 50, 50, 100]) bar.update(done, 100);
    bar.end();
    bar.end();
    expect(drawn().split("\r")).to.have.length(5);
    expect(drawn().endsWith("MB\n")).to.equal(true);
    expect(lines).to.deep.equal([]);
  });

  it("is a line for every quarter elsewhere, and none for what is over at once", () => {
    const { output: shown, lines } = output();
    const bar = new ProgressBar(shown, "up");
    for (let done = 0; done <= 100; done += 10) bar.update(done, 100);
    expect(lines).to.deep.equal(["up  25 %", "up  50 %", "up  75 %", "up  100 %"]);
    new ProgressBar(shown, "other").update(10, 10);
    expect(lines).to.have.length(4);
  });

  it("names every state of an upload once", () => {
    const { output: shown, lines } = output();
    const report = uploadProgress(shown, "a.txt");
    for (const state of ["preparing", "submitted", "logged", "logged", "uploaded", "finalised"] as const) {
      report({ root: "0x", state, done: 1, total: 1 });
    }
    expect(lines).to.deep.equal(["a.txt  submitted", "a.txt  logged", "a.txt  uploaded", "a.txt  finalised"]);
  });
});
