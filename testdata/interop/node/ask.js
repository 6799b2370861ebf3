// Reads what is asked from standard input, and prints what the program found, or the error that its library
// made of ours.
"use strict";

module.exports = function ask(program, describe) {
  let text = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (part) => (text += part));
  process.stdin.on("end", async () => {
    let found;
    try {
      found = await program(JSON.parse(text));
    } catch (error) {
      found = { raised: describe(error) };
    }
    process.stdout.write(JSON.stringify(found));
  });
};
