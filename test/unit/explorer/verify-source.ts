import { expect } from "chai";

import { AbortedError } from "../../../lib/errors.ts";
import { chainscan, type SourceSubmission } from "../../../lib/explorer/chainscan.ts";
import {
  ExplorerUnreachableError,
  VerificationPendingError,
  VerificationRefusedError,
} from "../../../lib/explorer/errors.ts";
import { verifySource, type SourceVerification } from "../../../lib/explorer/verify-source.ts";
import { startMockExplorer, type MockExplorer, type MockExplorerOptions } from "../../support/mock-explorer.ts";

const SOURCE: SourceSubmission = {
  address: "0xE70830508dAc0A97e6c087c75f402f9Be669E406",
  contractName: "project/contracts/inft/INFT.sol:INFT",
  compilerVersion: "0.8.37+commit.f401782d",
  compilerInput: { language: "Solidity", sources: { "a.sol": { content: "contract A {} // ü & = ?" } } },
  constructorArguments: "0x0123",
};
const RETRY = "npx hardhat verify etherscan --network galileo 0xE708…";

describe("verifySource", () => {
  let explorer: MockExplorer | undefined;

  afterEach(async () => {
    await explorer?.close();
    explorer = undefined;
  });

  /** Verifies against a fresh explorer; time passes only while waiting. */
  async function verify(options: MockExplorerOptions = {}, timeout = 60_000): Promise<SourceVerification> {
    explorer = await startMockExplorer(options);
    let clock = 0;
    return verifySource(chainscan({ apiUrl: explorer.apiUrl, chainId: 16602, apiKey: "any", fetch }), SOURCE, {
      retry: RETRY,
      timeout,
      now: () => clock,
      sleep: async (ms) => {
        clock += ms;
      },
    });
  }

  async function thrownBy<Thrown>(promise: Promise<unknown>, kind: new (...args: never[]) => Thrown): Promise<Thrown> {
    const error: unknown = await promise.then(
      () => expect.fail("nothing was thrown"),
      (caught: unknown) => caught,
    );
    expect(error).to.be.instanceOf(kind);
    return error as Thrown;
  }

  it("submits the compiler's input and waits until the explorer says that it passed", async () => {
    expect(await verify({ statuses: ["Pending in queue", "Pending in queue", "Pass - Verified"] })).to.equal(
      "verified",
    );

    expect(explorer!.actions()).to.deep.equal([
      "getsourcecode",
      "verifysourcecode",
      "checkverifystatus",
      "getsourcecode",
      "checkverifystatus",
      "getsourcecode",
      "checkverifystatus",
    ]);
    const submission = explorer!.requests[1]!;
    expect(submission).to.include({ method: "POST", path: "/open/api" });
    expect(submission.query).to.deep.equal({
      module: "contract",
      action: "verifysourcecode",
      chainid: "16602",
      apikey: "any",
    });
    expect(JSON.parse(submission.form["sourceCode"]!)).to.deep.equal(SOURCE.compilerInput);
    expect(submission.form).to.include({
      contractaddress: SOURCE.address,
      codeformat: "solidity-standard-json-input",
      contractname: SOURCE.contractName,
      compilerversion: "v0.8.37+commit.f401782d",
      constructorArguments: "0123",
      constructorArguements: "0123",
    });
    expect(explorer!.requests[2]!.query).to.include({ guid: "guid-1" });
  });

  it("submits nothing when the source is published already", async () => {
    expect(await verify({ verified: [SOURCE.address] })).to.equal("already verified");
    expect(explorer!.actions()).to.deep.equal(["getsourcecode"]);
  });

  it("takes a submission that comes too late as done", async () => {
    const submit = { status: "0", result: "Contract source code already verified" };
    expect(await verify({ submit })).to.equal("already verified");
  });

  it("believes the published source when the explorer has forgotten the submission it verified", async () => {
    expect(await verify({ statuses: ["Invalid parameter guid"], publishedAfter: 3 })).to.equal("verified");
  });

  it("reports what the explorer said when it compiled other bytecode, and how to try again", async () => {
    const error = await thrownBy(verify({ statuses: ["Fail - Unable to verify"] }), VerificationRefusedError);

    expect(error).to.include({ code: "ZG_VERIFY_REFUSED", exit: 3 });
    expect(error.message).to.include("Fail - Unable to verify");
    expect(error.remedy).to.include("deployed").and.include(RETRY);
  });

  it("reports a submission that is refused at once, and asks no more", async () => {
    const submit = { status: "0", result: "Missing contractaddress" };
    const error = await thrownBy(verify({ submit }), VerificationRefusedError);

    expect(error.details).to.deep.equal({ address: SOURCE.address, said: "Missing contractaddress" });
    expect(explorer!.actions()).to.deep.equal(["getsourcecode", "verifysourcecode"]);
  });

  it("gives up after the time-out, as pending and not as refused", async () => {
    const error = await thrownBy(verify({ statuses: ["Pending in queue"] }, 9_000), VerificationPendingError);

    expect(error).to.include({ code: "ZG_VERIFY_PENDING", exit: 4 });
    expect(error.details).to.include({ guid: "guid-1", said: "Pending in queue", waitedMs: 9_000 });
    expect(explorer!.actions().filter((action) => action === "checkverifystatus")).to.have.length(3);
    expect(explorer!.actions().filter((action) => action === "verifysourcecode")).to.have.length(1);
  });

  it("asks again when the explorer stumbles after the submission", async () => {
    const stumble = (action: string, nth: number) =>
      action === "checkverifystatus" && nth === 1 ? { status: 502, body: "Bad Gateway" } : undefined;
    expect(await verify({ raw: stumble })).to.equal("verified");
  });

  const unusable = {
    "an HTTP error": { status: 502, body: "Bad Gateway" },
    "a page instead of JSON": { status: 200, body: "<html>down for maintenance</html>" },
    "JSON of another shape": { status: 200, body: '{"hello":1}' },
  };
  for (const [name, answer] of Object.entries(unusable)) {
    it(`reports ${name} as an outage, and submits nothing`, async () => {
      const error = await thrownBy(verify({ raw: () => answer }), ExplorerUnreachableError);

      expect(error).to.include({ code: "ZG_VERIFY_EXPLORER", exit: 4 });
      expect(explorer!.actions()).to.deep.equal(["getsourcecode"]);
    });
  }

  it("reports an explorer that is not there as an outage", async () => {
    const gone = await startMockExplorer();
    await gone.close();
    const explorerApi = chainscan({ apiUrl: gone.apiUrl, chainId: 16602, apiKey: "any", fetch });

    const error = await thrownBy(explorerApi.isVerified(SOURCE.address), ExplorerUnreachableError);

    expect(error.details).to.include({ url: gone.apiUrl });
  });

  it("stops when the caller aborts", async () => {
    explorer = await startMockExplorer();
    const abort = new AbortController();
    abort.abort();
    const api = chainscan({ apiUrl: explorer.apiUrl, chainId: 16602, apiKey: "any", fetch, signal: abort.signal });

    await thrownBy(api.isVerified(SOURCE.address), AbortedError);
    expect(explorer.requests).to.deep.equal([]);
  });

  it("follows no redirect, and reads no answer without end", async () => {
    const options = { apiUrl: "http://127.0.0.1:1", chainId: 1, apiKey: "any" };
    const moved: typeof fetch = async (_, init) => {
      expect(init?.redirect).to.equal("manual");
      return Promise.resolve(new Response("", { status: 302, headers: { location: "http://127.0.0.1:2/" } }));
    };
    await thrownBy(chainscan({ ...options, fetch: moved }).isVerified(SOURCE.address), ExplorerUnreachableError);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const fetchEndless: typeof fetch = async () => Promise.resolve(new Response(endless));
    await thrownBy(chainscan({ ...options, fetch: fetchEndless }).isVerified(SOURCE.address), ExplorerUnreachableError);
    expect(sent).to.be.lessThan(40);
  });

  it("gives up on an explorer that takes the question and never answers", async () => {
    const silent: typeof fetch = async (_, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => {
          reject(init.signal!.reason);
        });
      });
    const api = chainscan({
      apiUrl: "http://127.0.0.1:1",
      chainId: 1,
      apiKey: "any",
      fetch: silent,
      requestTimeout: 1,
    });

    await thrownBy(api.isVerified(SOURCE.address), ExplorerUnreachableError);
  });
});
