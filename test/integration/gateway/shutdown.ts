import { existsSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";

import { expect } from "chai";

import { deposit, transfer } from "../../../lib/compute/ledger.ts";
import { PortTakenError } from "../../../lib/listen.ts";
import { openGateway, gatewayFiles } from "../../../lib/gateway/gateway.ts";
import { serveGateway } from "../../../lib/gateway/server.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { completion, fakeProvider, type Behaviour, type FakeProvider } from "./support/fake-provider.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

const messages = [{ role: "user" as const, content: "What is 2+2?" }];
const MODEL = "test/slow";

describe("gateway: load and the end", () => {
  let world: TestGalileo;
  let user: TestUser;
  const open: FakeProvider[] = [];

  before(async () => {
    world = await bootGalileo();
    user = await world.user();
    await deposit(user.ctx, 50n * ZG);
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  after(async () => world.close());

  const provider = async (behave: Behaviour): Promise<FakeProvider> => {
    const made = await fakeProvider(world, MODEL, behave);
    open.push(made);
    await transfer(user.ctx, { provider: made.service.provider, amount: 3n * ZG });
    return made;
  };
  const ask = async (gateway: TestGateway) => gateway.post("/v1/chat/completions", { model: MODEL, messages });
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it("tells the next request to come again when as many as it takes are under way", async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const slow = await provider((response) => void released.then(() => response.end(completion("late"))));
    const gateway = await startGateway(user, [slow.service], { limits: { inFlight: 2 } });
    try {
      const first = [ask(gateway), ask(gateway)];
      await until(() => slow.asked.length === 2);
      const refused = await ask(gateway);
      expect([refused.status, refused.headers.get("retry-after"), refused.headers.get("zg-error-code")]).to.deep.equal([
        503,
        "1",
        "ZG_GATEWAY_BUSY",
      ]);
      release();
      expect((await Promise.all(first)).map(({ status }) => status)).to.deep.equal([200, 200]);
      expect((await ask(gateway)).status).to.equal(200);
    } finally {
      release();
      await gateway.close();
    }
  });

  it("lets requests under way finish when it stops, and takes no other", async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const slow = await provider((response) => void released.then(() => response.end(completion("late"))));
    const gateway = await startGateway(user, [slow.service]);
    const asked = ask(gateway);
    await until(() => slow.asked.length === 1);
    const closed = gateway.close();
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(gateway.port, "127.0.0.1");
      socket.once("error", () => resolve(true));
      socket.once("connect", () => {
        socket.destroy();
        resolve(false);
      });
    });
    expect(refused).to.equal(true);
    release();
    const response = await asked;
    expect([response.status, await response.text()]).to.deep.equal([200, completion("late")]);
    await closed;
  });

  it("does not wait for ever", async () => {
    const stuck = await provider(() => undefined);
    const folder = await temporaryFolder();
    const gateway = await startGateway(user, [stuck.service], { limits: { drainMs: 50 }, folder: folder.path });
    const asked = ask(gateway).catch((error: unknown) => error);
    await until(() => stuck.asked.length === 1);
    await gateway.close();
    expect(await asked).to.be.instanceOf(TypeError); // what fetch throws for a connection that was cut
    await until(() => stuck.left === 1);
    expect(existsSync(path.join(folder.path, "gateway.lock"))).to.equal(false);
    await folder.remove();
  });

  it("keeps nothing when it cannot listen", async () => {
    const slow = await provider((response) => response.end(completion("x")));
    const [running, folder] = [await startGateway(user, [slow.service]), await temporaryFolder()];
    const { ctx, session } = user;
    const files = gatewayFiles(folder.path);
    try {
      const gateway = await openGateway({ ctx, session, services: [slow.service], strategy: "priority", files });
      await caught(PortTakenError, async () => serveGateway(gateway, { host: "127.0.0.1", port: running.port }));
      expect(existsSync(files.lock)).to.equal(false);
    } finally {
      await running.close();
      await folder.remove();
    }
  });
});
