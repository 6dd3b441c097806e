import { expect } from "chai";
import { BrowserProvider, getBytes, Wallet, type TransactionRequest } from "ethers";
import hre, { network as hardhatNetwork } from "hardhat";

import { createBroker } from "../../../lib/broker/broker.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { networkNamed } from "../../../lib/networks.ts";

const ZG = 10n ** 18n;

describe("where keys come from", () => {
  it("is no option or argument of any task: those stand in histories and lists of processes", () => {
    const ours = [...hre.tasks.rootTasks.values()];
    const all = ours.flatMap(function below(task): (typeof ours)[number][] {
      return [task, ...[...task.subtasks.values()].flatMap(below)];
    });
    const named = all.flatMap((task) =>
      [...task.options.values(), ...task.positionalArguments].map(({ name }) => `${task.id.join(" ")} ${name}`),
    );
    expect(named.length).to.be.greaterThan(100);
    const suspicious = /(?:private|secret|mnemonic|seed|passw|signing).*$|(?<!public|re)key$/i;
    // Keystore commands take a name; `inspect` tells what an API key says, and takes it from standard input as well.
    const fine = /^keystore |^vars |^inference key (?:inspect|revoke)/;
    expect(named.filter((each) => suspicious.test(each) && !fine.test(each))).to.deep.equal([]);
  });

  // As Clef, Web3Signer or a hardware wallet's bridge do: behind JSON-RPC, and asked for each signature.
  it("may be a signer elsewhere, of which this process has an address and no more", async () => {
    const connection = await hardhatNetwork.create("default");
    try {
      const { galileo, provider } = connection;
      const vault = new Wallet(developmentAccount(7).privateKey);
      const asked = new Set<string>();
      const remote = new BrowserProvider(
        {
          request: async ({ method, params = [] }: { method: string; params?: unknown }) => {
            const [first] = params as [unknown];
            if (method === "eth_accounts" || method === "eth_requestAccounts") return [vault.address];
            if (method === "personal_sign") {
              asked.add(method);
              return vault.signMessage(getBytes(first as string));
            }
            if (method !== "eth_sendTransaction") return provider.request({ method, params: params as unknown[] });
            asked.add(method);
            const { gas, from: _from, ...fields } = first as TransactionRequest & { gas: string };
            const signed = await vault.signTransaction({ ...fields, gasLimit: gas, chainId: 16602 });
            return provider.request({ method: "eth_sendRawTransaction", params: [signed] });
          },
        },
        networkNamed("default").chainId,
        { cacheTimeout: -1 },
      );
      const signer = await remote.getSigner();
      expect(signer).to.not.have.property("privateKey");
      const broker = createBroker(signer, { network: "default" });
      const { address } = galileo.provider(0);
      await broker.ledger.depositFund(5n * ZG);
      await broker.ledger.transferFund(address, 2n * ZG);
      const answer = await broker.inference.chat(address, { messages: [{ role: "user", content: "What is 2+2?" }] });
      expect((await broker.inference.processResponse(address, answer)).status).to.equal("verified");
      expect([...asked]).to.have.members(["eth_sendTransaction", "personal_sign"]);
    } finally {
      await connection.close();
    }
  });
});
