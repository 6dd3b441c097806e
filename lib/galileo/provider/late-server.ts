/** An HTTP server that listens before its app exists: loading fastify takes half as long as booting the whole network. */

import { createServer, type Server } from "node:http";

import type { FastifyInstance } from "fastify";

/** Milliseconds an idle connection stays open, and the time a request may take (any), as fastify has them. */
const TIMEOUTS = { keepAliveTimeout: 72_000, requestTimeout: 0 } as const;

export interface LateServer {
  readonly server: Server;
  /** Drops what is open. The app is closed, too, if there ever was a request. */
  readonly close: () => Promise<void>;
}

/** Makes the server, not listening yet. `build` is called once, by the first request. */
export function lateServer(build: () => Promise<FastifyInstance>): LateServer {
  let built: Promise<FastifyInstance> | undefined;
  const start = async () => {
    const app = await build();
    await app.ready();
    return app;
  };
  const server = createServer(TIMEOUTS, (request, response) => {
    // An app that cannot be built is a broken installation: nobody catches that.
    void (built ??= start()).then((app) => app.routing(request, response));
  });
  return {
    server,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await (await built)?.close();
    },
  };
}

/** Lets the process end while the server still listens: a test or task that forgets to close must end all the same. */
export function letProcessEnd(server: Server): void {
  server.on("connection", (socket) => void socket.unref());
  server.on("listening", () => void server.unref());
}
