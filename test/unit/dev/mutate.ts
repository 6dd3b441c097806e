import { expect } from "chai";

import { treesOf } from "../../../scripts/dev/mutate/ast.ts";
import { findGuards } from "../../../scripts/dev/mutate/guards.ts";
import { applyEdits } from "../../../scripts/dev/mutate/instrument.ts";

/** The guards of a contract with this body, and the body with all of them made optional. */
function mutated(body: string) {
  const source = `// é is two bytes long
pragma solidity 0.8.37;
contract C { error No(uint256 x); address a;
${body}
}`;
  const guards = findGuards(treesOf(new Map([["C.sol", source]])));
  const written = applyEdits(
    Buffer.from(source),
    guards.flatMap(({ edits }) => edits),
  ).toString();
  return { guards, written: written.slice(written.indexOf("a;\n") + 3, -2) };
}

describe("the search for guards", () => {
  it("finds an if that reverts, and the error by which its tests are known", () => {
    const { guards, written } = mutated("function f(uint256 x) external pure { if (x > 1) revert No(x); }");
    expect(guards.map(({ what, line, errors }) => ({ what, line, errors }))).to.deep.equal([
      { what: "guard", line: 4, errors: ["No"] },
    ]);
    expect(written).to.equal("function f(uint256 x) external pure { if (!Mutant.off(1) && (x > 1)) revert No(x); }");
  });

  it("finds every operand of a condition, and removes it by what changes nothing beside its operator", () => {
    const { guards, written } = mutated(
      "function f(uint256 x) external pure { if (x > 1 || (x != 0 && !(x == 7 || x == 8))) revert No(x); }",
    );
    expect(guards.map(({ what }) => what)).to.deep.equal(["guard", ...Array<string>(4).fill("condition")]);
    expect(written).to.contain(
      "if (!Mutant.off(1) && ((!Mutant.off(2) && (x > 1)) || ((Mutant.off(3) || (x != 0)) && " +
        "!((!Mutant.off(4) && (x == 7)) || (!Mutant.off(5) && (x == 8))))))",
    );
  });

  it("finds require, a revert that stands alone, and a refusal by answering no", () => {
    const { written } = mutated(
      `function f(uint256 x) external pure returns (bool) {
        require(x > 1, "small");
        if (x == 2) return false;
        if (x == 3) { if (x == 4) return true; revert No(x); }
        revert("end");
      }`,
    );
    expect(written).to.contain('if (!Mutant.off(1)) require(x > 1, "small");');
    expect(written).to.contain("if (!Mutant.off(2) && (x == 2)) return false;");
    expect(written).to.contain("if (!Mutant.off(3) && (x == 3)) { if (x == 4) return true; revert No(x); }");
    expect(written).to.contain('if (!Mutant.off(4)) revert("end");');
  });

  it("takes a call for a guard when it changes nothing and its answer is dropped", () => {
    const { guards, written } = mutated(
      `function f(uint256 x) external { _small(x); _small(x + 1); _write(); a = _small(x); }
       function _small(uint256 x) private pure returns (address) { if (x > 1) revert No(x); return address(0); }
       function _write() private { a = address(0); }`,
    );
    expect(guards.filter(({ what }) => what === "call").map(({ errors }) => errors)).to.deep.equal([["No"], ["No"]]);
    expect(written).to.contain("{ if (!Mutant.off(1)) _small(x); if (!Mutant.off(2)) _small(x + 1); _write(); a = _");
  });

  it("finds the operands of a conjunction that is answered", () => {
    const { written } = mutated("function f(uint256 x) external pure returns (bool) { return x > 1 && x < 9; }");
    expect(written).to.contain("return (Mutant.off(1) || (x > 1)) && (Mutant.off(2) || (x < 9));");
  });

  it("moves what a modifier checks into the body, each time it is used", () => {
    const { guards, written } = mutated(
      `modifier onlySelf() { if (msg.sender != address(this)) revert No(1); _; }
       modifier onlyOwner() { _; } function _checkOwner() internal view {}
       function f() external onlySelf { a = msg.sender; }
       function g() external onlyOwner { a = msg.sender; }`,
    );
    expect(guards.map(({ what }) => what)).to.deep.equal(["modifier", "modifier"]);
    expect(written).to.contain("modifier onlySelf() { if (msg.sender != address(this)) revert No(1); _; }");
    expect(written).to.contain(
      "f() external /* onlySelf */ { if (!Mutant.off(1)) { if (msg.sender != address(this)) revert No(1); } a =",
    );
    expect(written).to.contain("g() external /* onlyOwner */ { if (!Mutant.off(2)) { _checkOwner(); } a =");
  });

  it("leaves alone what refuses nothing", () => {
    const { guards } = mutated(
      "function f(uint256 x) external returns (bool) { if (x > 1) a = msg.sender; return x > 1 || x == 0; }",
    );
    expect(guards).to.deep.equal([]);
  });
});
