// What a partner's program does with fbgraph: reads its user, pages through all friends, looks at its
// permissions and its token, and asks several things at once. The library is as it is published; its host is
// set as it provides for.
"use strict";

const graph = require("fbgraph");
const ask = require("./ask.js");

const get = (path, parameters = {}) =>
  new Promise((resolve, reject) =>
    graph.get(path, parameters, (error, found) => (error ? reject(error) : resolve(found))),
  );

const batch = (operations) =>
  new Promise((resolve, reject) =>
    graph.batch(operations, (error, found) => (error ? reject(error) : resolve(found))),
  );

async function allFriends(fields, limit) {
  const friends = [];
  let page = await get("me/friends", { fields, limit });
  for (;;) {
    friends.push(...page.data);
    if (!page.paging || !page.paging.next) return friends;
    page = await get(page.paging.next);
  }
}

ask(
  async (asked) => {
    graph.setGraphUrl(asked.url);
    graph.setVersion("2.8");
    graph.setAccessToken(asked.token);
    if (asked.secret) graph.setAppSecret(asked.secret);
    if (asked.operations) return { batch: await batch(asked.operations) };
    if (asked.ids) return await get("", { ids: asked.ids.join(","), fields: asked.fields });
    const me = await get("me", { fields: asked.fields });
    const friends = await allFriends(asked.fields, asked.limit);
    const permissions = await get("me/permissions");
    const debugged = await get("debug_token", { input_token: asked.token });
    return { me, friends, permissions: permissions.data, token: debugged.data };
  },
  ({ message, type, code, error_subcode }) => ({ message, type, code, subcode: error_subcode }),
);
