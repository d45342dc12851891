// HTTPS on Node.js. With a certificate, a server, whose port is the first line of output. Each line of input is an order in JSON for a
// client; each further line of output says what came of it.
const https = require("https");
const fs = require("fs");
const readline = require("readline");

const options = JSON.parse(process.argv[1]);

// Request i of `requests` asks for `prefix`/i, on as many connections, which are kept or not.
function load(order) {
  const agent = new https.Agent({ keepAlive: order.keep, maxSockets: order.connections, rejectUnauthorized: false });
  let answered = 0;
  let waiting = order.requests;
  const done = () => {
    if (--waiting === 0) {
      agent.destroy();
      console.log(JSON.stringify({ answered }));
    }
  };
  for (let number = 0; number < order.requests; number++) {
    const where = { agent, host: "127.0.0.1", port: order.port, path: `${order.prefix}/${number}` };
    https.get(where, (response) => {
      answered += response.statusCode === 200 ? 1 : 0;
      response.resume().on("end", done);
    });
  }
}

const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => load(JSON.parse(line)));
input.on("close", () => process.exit(0));
if (options.certificate) {
  const [cert, key] = [options.certificate, options.key].map((path) => fs.readFileSync(path));
  const server = https.createServer({ cert, key, keepAliveTimeout: 600000 }, (request, response) => response.end("ok\n"));
  server.listen(0, "127.0.0.1", 256, () => console.log(server.address().port));
} else {
  console.log(0);
}
