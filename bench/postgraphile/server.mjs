// PostGraphile over the benchmark's PostgreSQL, tuned: several processes, no tooling, lists instead of
// connections. It prints its address on a line when all processes listen.
//
// Usage: node server.mjs SOCKET_FOLDER PROCESSES POOL

import cluster from "node:cluster";
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const [sockets, processes, pool] = process.argv.slice(2);

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on("listening", (worker, address) => {
    listening += 1;
    if (listening === Number(processes)) console.log(`127.0.0.1:${address.port}`);
  });
  // One that ends is a failure of the run.
  cluster.on("exit", () => process.exit(1));
  // The port is chosen once, for all of them.
  for (let count = 0; count < Number(processes); count += 1) cluster.fork();
} else {
  const { default: pg } = await import("pg");
  const { postgraphile } = await import("postgraphile");
  const { PostGraphileAmberPreset } = await import("postgraphile/presets/amber");
  const { makePgService } = await import("postgraphile/adaptors/pg");
  const { grafserv } = await import("postgraphile/grafserv/node");

  const connection = { host: sockets, port: 5432, database: "platform", user: "graph" };
  const connections = new pg.Pool({ ...connection, max: Number(pool) });

  // The token's grant, and what row-level security goes by.
  async function settings(request) {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const { rows } = await connections.query({
      name: "grant",
      text: "SELECT viewer, client_id, self_fields, friend_fields FROM grants WHERE token_sha256 = $1 AND expires_at > now()",
      values: [createHash("sha256").update(token).digest()],
    });
    if (rows.length === 0) throw new Error("no token that holds");
    const [grant] = rows;
    return {
      "app.viewer": String(grant.viewer),
      "app.client": String(grant.client_id),
      "app.self_fields": String(grant.self_fields),
      "app.friend_fields": String(grant.friend_fields),
    };
  }

  const preset = {
    extends: [PostGraphileAmberPreset],
    pgServices: [makePgService({ pool: connections, schemas: ["api"] })],
    schema: {
      defaultBehavior: "+query:resource:list -query:resource:connection -insert -update -delete -filter -order",
    },
    grafserv: { graphqlPath: "/graphql", graphiql: false, graphqlOverGET: false, watch: false, websockets: false },
    grafast: {
      explain: false,
      async context(request) {
        return { pgSettings: await settings(request.node.req) };
      },
    },
  };

  const server = createServer();
  const instance = postgraphile(preset).createServ(grafserv);
  await instance.addTo(server);
  if (process.env.SHOW_SCHEMA) {
    const { printSchema } = await import("postgraphile/graphql");
    console.error(printSchema(await instance.getSchema()));
  }
  server.listen(0, "127.0.0.1");
}
