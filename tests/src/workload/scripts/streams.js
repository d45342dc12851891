// HTTP/2 on Node.js, over TLS with a certificate. A server, or with a port a client; the first line of output is the port, or 0. Each
// path says how it is asked for and answered: /m/METHOD/STATUS/NUMBER. Methods and statuses that have no entry of their own in HPACK's
// static table are sent once in full and then as a reference to what was sent.
const http2 = require("http2");
const fs = require("fs");
const readline = require("readline");

const options = JSON.parse(process.argv[1]);
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "REPORT"];
const STATUSES = [200, 201, 204, 207, 400, 404, 418, 422, 503];
const AT_ONCE = 20;
// Milliseconds after each request: a busy connection, and a machine with time left for others.
const PAUSE = 10;

function serve() {
  const secure = options.certificate !== undefined;
  const [cert, key] = [options.certificate, options.key].map((path) => secure && fs.readFileSync(path));
  const server = secure ? http2.createSecureServer({ cert, key }) : http2.createServer();
  server.on("stream", (stream, headers) => {
    const status = Number(headers[":path"].split("/")[3]);
    stream.respond({ ":status": status }, { endStream: status === 204 });
    if (status !== 204) stream.end("ok\n");
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
}

// Keeps AT_ONCE requests under way on one connection. A number on a line of input lets it make so many more requests and then say how many
// it has made; with `null` it goes on until the next number.
function ask() {
  const url = `${options.secure ? "https" : "http"}://127.0.0.1:${options.port}`;
  const session = http2.connect(url, { rejectUnauthorized: false });
  let [next, wanted, open, wrong] = [0, 0, 0, 0];
  const request = () => {
    const number = next++;
    const method = METHODS[number % METHODS.length];
    const status = STATUSES[Math.floor(number / 3) % STATUSES.length];
    const stream = session.request({ ":method": method, ":path": `/m/${method}/${status}/${number}` });
    stream.on("response", (headers) => { wrong += headers[":status"] === status ? 0 : 1; });
    stream.on("error", () => { wrong += 1; });
    stream.on("close", () => {
      setTimeout(() => {
        open--;
        fill();
        if (open === 0 && next === wanted) console.log(JSON.stringify({ made: next, wrong }));
      }, PAUSE);
    });
    stream.resume();
    stream.end();
    open++;
  };
  const fill = () => { while (open < AT_ONCE && next < wanted) request(); };
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const more = JSON.parse(line);
    wanted = more === null ? Infinity : next + more;
    fill();
  });
  session.on("connect", () => console.log(0));
}

if (options.port) {
  ask();
} else {
  serve();
}
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
