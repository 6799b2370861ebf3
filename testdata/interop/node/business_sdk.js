// What a partner's program does with facebook-nodejs-business-sdk: reads its user, pages through all friends
// with a cursor, asks which app its token is for, and asks several things at once. The library is as it is
// published, but for its host.
"use strict";

const { FacebookAdsApi, FacebookAdsApiBatch, User } = require("facebook-nodejs-business-sdk");
const ask = require("./ask.js");

async function allFriends(me, fields, limit) {
  const friends = [];
  const cursor = await me.getFriends(fields, { limit });
  for (;;) {
    friends.push(...cursor.map((friend) => friend.exportAllData()));
    if (!cursor.hasNext()) return friends;
    await cursor.next();
  }
}

async function batch(api, operations) {
  const found = [];
  const calls = new FacebookAdsApiBatch(api);
  operations.forEach(({ path, parameters }, place) =>
    calls.add(
      "GET",
      path,
      parameters,
      undefined,
      (response) => (found[place] = { body: response.body }),
      (response) => (found[place] = { status: response.status, error: response.error.response.error }),
    ),
  );
  await calls.execute();
  return found;
}

ask(
  async (asked) => {
    Object.defineProperty(FacebookAdsApi, "GRAPH", { get: () => asked.url });
    const api = FacebookAdsApi.init(asked.token, "en_US", false);
    if (asked.operations) return { batch: await batch(api, asked.operations) };
    const me = new User("me", {}, undefined, api);
    const profile = await me.get(asked.fields.split(","));
    const friends = await allFriends(me, asked.fields.split(","), asked.limit);
    const permissions = await api.call("GET", ["me", "permissions"]);
    api.setShowHeader(true);
    const counted = await api.call("GET", ["me", "permissions"]);
    const app = await api.getAppID();
    return {
      me: profile.exportAllData(),
      friends,
      permissions: permissions.data,
      usage: JSON.parse(counted.headers["x-app-usage"]),
      app: app.data.data.app_id,
    };
  },
  ({ name, message, status, response, headers, stack }) => ({
    name,
    message,
    status,
    code: response ? response.code : stack,
    type: response && response.type,
    subcode: response && response.error_subcode,
    challenge: headers && headers["www-authenticate"],
  }),
);
