// Runs the launcher as a runner does, against servers on loopback and a fake binary.
// Needs no network, no fixed port and no home folder.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test as unbounded } from "node:test";
import { fileURLToPath } from "node:url";

import { LIMITS, findBinary, prepareBinary, privateCopy, proxyFor, targetOf } from "../launch.mjs";

/** A test that hangs fails. */
const test = (name, body) => unbounded(name, { timeout: 30_000 }, body);

const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), "..", "launch.mjs");
const MACHINE = { platform: process.platform, arch: process.arch };
const TARGET = targetOf(process.platform, process.arch);
const QUICK = { ...LIMITS, pause: 1, idle: 2_000, total: 20_000 };

/** A program that tells what it was given, or waits for a signal. */
const FAKE = Buffer.from(`#!${process.execPath}
if (process.env["INPUT_ACTION"] === "wait") {
  let interrupts = 0;
  process.on("SIGINT", () => process.stdout.write(\`interrupt \${(interrupts += 1)}\\n\`));
  process.once("SIGTERM", () => {
    process.stdout.write(\`ended after \${interrupts}\\n\`);
    process.exit(143);
  });
  process.stdout.write(\`ready \${process.pid}\\n\`);
  setInterval(() => {}, 1000);
} else {
  const inputs = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("INPUT_")).sort());
  process.stdout.write(JSON.stringify({ inputs, args: process.argv.slice(2), file: process.argv[1] }));
  process.exitCode = Number(process.env.FAKE_EXIT ?? 0);
}
`);
const CHECKSUM = createHash("sha256").update(FAKE).digest("hex");
const CHECKSUMS = { version: "1.2.3", sha256: { [TARGET]: CHECKSUM } };

const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function folder() {
  const path = mkdtempSync(join(tmpdir(), "liftoff-test-"));
  folders.push(path);
  return path;
}

/** Starts a server that answers with `handler` and counts; closes with the test. */
async function serve(t, handler, create = http.createServer) {
  const seen = [];
  const server = create((request, answer) => {
    seen.push(request.url);
    handler(request, answer, seen.length);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return { base: `http://127.0.0.1:${server.address().port}`, port: server.address().port, seen, server };
}

const good = (_request, answer) => answer.end(FAKE);

/** The environment of a step, with a fresh tool cache. */
function step(downloadUrl, more = {}) {
  return { RUNNER_TOOL_CACHE: folder(), "INPUT_DOWNLOAD-URL": downloadUrl, NO_PROXY: "", ...more };
}

function leftovers(env) {
  const home = join(env.RUNNER_TOOL_CACHE, "liftoff", CHECKSUMS.version, process.arch);
  return existsSync(home) ? readdirSync(home) : [];
}

/** Runs a copy of the launcher with its own checksums, as the runner does. */
function launch(env, checksums = CHECKSUMS, options = {}) {
  const home = folder();
  cpSync(LAUNCHER, join(home, "launch.mjs"));
  writeFileSync(join(home, "checksums.json"), JSON.stringify(checksums));
  const child = spawn(process.execPath, [join(home, "launch.mjs")], { env: { PATH: process.env.PATH, ...env }, ...options });
  const told = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (told.out += chunk));
  child.stderr.on("data", (chunk) => (told.err += chunk));
  const ended = new Promise((done) => child.once("close", (code, signal) => done({ code, signal, ...told })));
  return { child, ended };
}

test("a step downloads, verifies, runs the binary, and exits with its code", async (t) => {
  const server = await serve(t, good);
  const env = step(server.base, { "INPUT_ROOT-FOLDER": "a b/$(touch x)", INPUT_FORCE: "", FAKE_EXIT: "7" });
  const { code, out, err } = await launch(env).ended;
  assert.equal(err, "");
  assert.equal(code, 7);
  const { inputs, args } = JSON.parse(out);
  assert.equal(inputs["INPUT_ROOT-FOLDER"], "a b/$(touch x)");
  assert.equal(inputs.INPUT_FORCE, "");
  assert.deepEqual(args, ["deploy"]);
  assert.deepEqual(server.seen, [`/liftoff-${TARGET}`]);
  assert.deepEqual(leftovers(env), ["liftoff"]);
  const cached = join(env.RUNNER_TOOL_CACHE, "liftoff", CHECKSUMS.version, process.arch, "liftoff");
  assert.equal(statSync(cached).mode & 0o777, 0o755, "other users of the runner may run it too");
});

test("the action's word chooses the command", async (t) => {
  const server = await serve(t, good);
  const env = step(server.base);
  for (const [word, command] of [["plan", "plan"], ["deploy", "deploy"], ["Plan", "plan"], [" PLAN ", "plan"], ["plans", "deploy"], ["preview", "deploy"], ["constructor", "deploy"], ["", "deploy"]]) {
    const { out } = await launch({ ...env, INPUT_ACTION: word }).ended;
    assert.deepEqual(JSON.parse(out).args, [command], word);
  }
});

test("setup puts a private copy on the path of the further steps and runs nothing of theirs", async (t) => {
  const server = await serve(t, good);
  const temporary = folder();
  const paths = join(temporary, "paths");
  writeFileSync(paths, "/before\n");
  const env = step(server.base, { INPUT_ACTION: " Setup ", RUNNER_TEMP: temporary, GITHUB_PATH: paths });
  const { code, out, err } = await launch(env).ended;
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out).args, ["--version"]);
  const [before, added, end] = readFileSync(paths, "utf8").split("\n");
  assert.deepEqual([before, end], ["/before", ""]);
  assert.equal(dirname(added), temporary);
  assert.deepEqual(readFileSync(join(added, "liftoff")), FAKE, "the verified binary is still there");

  const nowhere = await launch({ ...env, GITHUB_PATH: "" }).ended;
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.err + nowhere.out, /GITHUB_PATH is not set/);
});

test("a runner without network uses the tool cache", async (t) => {
  const server = await serve(t, good);
  const env = step(server.base);
  await findBinary(env, MACHINE, CHECKSUMS, QUICK);
  const { code } = await launch({ ...env, "INPUT_DOWNLOAD-URL": "http://127.0.0.1:1" }).ended;
  assert.equal(code, 0);
  assert.equal(server.seen.length, 1);
});

test("a runner without network and cache uses binary-path, unverified", async () => {
  const home = folder();
  mkdirSync(join(home, "tools"));
  writeFileSync(join(home, "tools", "mine"), FAKE);
  chmodSync(join(home, "tools", "mine"), 0o755);
  const env = { GITHUB_WORKSPACE: home, "INPUT_BINARY-PATH": "tools/mine" };
  assert.equal((await launch(env, { version: "1.2.3", sha256: {} }).ended).code, 0);
  const missing = await launch({ ...env, "INPUT_BINARY-PATH": "tools/other", GITHUB_ACTIONS: "true" }).ended;
  assert.equal(missing.code, 2);
  assert.match(missing.out, /^::error title=Liftoff::could not find the binary%0Abecause: binary-path names .*tools.other.*%0Ahint: /);
});

test("a wrong checksum is refused and nothing is kept", async (t) => {
  const server = await serve(t, (_request, answer) => answer.end("#!/bin/sh\necho pwned\n"));
  const env = step(server.base);
  const { code, out, err } = await launch(env).ended;
  assert.equal(code, 6);
  assert.match(err, new RegExp(`its SHA-256 is [0-9a-f]{64}, and ${CHECKSUM} was expected`));
  assert.equal(out, "");
  assert.deepEqual(leftovers(env), []);
  assert.equal(server.seen.length, 1);
});

test("a file in the cache that is not the binary is replaced", async (t) => {
  const server = await serve(t, good);
  const env = step(server.base);
  const file = await findBinary(env, MACHINE, CHECKSUMS, QUICK);
  writeFileSync(file, "something else");
  assert.equal(await findBinary(env, MACHINE, CHECKSUMS, QUICK), file);
  assert.deepEqual(readFileSync(file), FAKE);
});

test("without a checksum nothing is asked for", async (t) => {
  const server = await serve(t, good);
  for (const sha256 of [{}, undefined, { [TARGET]: "" }, { [TARGET]: "abc" }]) {
    const refused = findBinary(step(server.base), MACHINE, { version: "1.2.3", sha256 }, QUICK);
    await assert.rejects(refused, { code: 6, message: /holds no checksum/ });
  }
  const escape = findBinary(step(server.base), MACHINE, { ...CHECKSUMS, version: "../.." }, QUICK);
  await assert.rejects(escape, { code: 6 });
  assert.deepEqual(server.seen, []);
});

test("every supported machine has a target, and others are told so", () => {
  const targets = ["linux", "darwin", "win32"].flatMap((platform) => ["x64", "arm64"].map((arch) => targetOf(platform, arch)));
  assert.equal(new Set(targets).size, 6);
  assert.throws(() => targetOf("freebsd", "x64"), { code: 2, message: /none for freebsd on x64/ });
});

test("an interrupted download is tried again", async (t) => {
  const server = await serve(t, (_request, answer, count) => {
    if (count > 2) return answer.end(FAKE);
    answer.writeHead(200, { "content-length": FAKE.length });
    answer.write(FAKE.subarray(0, 10), () => answer.destroy());
  });
  const env = step(server.base);
  assert.ok(existsSync(await findBinary(env, MACHINE, CHECKSUMS, QUICK)));
  assert.equal(server.seen.length, 3);
  assert.deepEqual(leftovers(env), ["liftoff"]);
});

test("a download that never succeeds ends with the transfer code", async (t) => {
  const server = await serve(t, (_request, answer) => answer.writeHead(503).end());
  const env = step(`${server.base}/x?sig=secret`);
  await assert.rejects(findBinary(env, MACHINE, CHECKSUMS, QUICK), (error) => {
    assert.equal(error.code, 9);
    assert.match(error.message, /the server answered 503/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  assert.equal(server.seen.length, QUICK.attempts);
  assert.deepEqual(leftovers(env), []);
});

test("a missing release is not tried again", async (t) => {
  const server = await serve(t, (_request, answer) => answer.writeHead(404).end());
  await assert.rejects(findBinary(step(server.base), MACHINE, CHECKSUMS, QUICK), { code: 9, message: /answered 404/ });
  assert.equal(server.seen.length, 1);
});

test("a silent server and a stalled body are given up", async (t) => {
  const silent = await serve(t, () => {});
  const stalled = await serve(t, (_request, answer) => answer.writeHead(200).write("#!"));
  const limits = { ...QUICK, attempts: 1, idle: 50 };
  for (const server of [silent, stalled]) {
    await assert.rejects(findBinary(step(server.base), MACHINE, CHECKSUMS, limits), { code: 9 });
  }
});

test("a body without end is given up", async (t) => {
  const server = await serve(t, (_request, answer) => {
    const more = () => answer.write(Buffer.alloc(4096), (error) => error || setImmediate(more));
    more();
  });
  const limits = { ...QUICK, size: 100_000 };
  await assert.rejects(findBinary(step(server.base), MACHINE, CHECKSUMS, limits), { code: 9, message: /too large/ });
  assert.equal(server.seen.length, 1);
});

test("redirects are followed, bounded, and never lead to plain HTTP elsewhere", async (t) => {
  const server = await serve(t, (request, answer) => {
    const [, first, hops] = request.url.split("/");
    if (first === "away") return answer.writeHead(302, { location: "http://example.com/liftoff" }).end();
    if (first === "loop" || Number(hops) < 3) return answer.writeHead(302, { location: `/hop/${Number(hops) + 1}` .replace("hop", first) }).end();
    return answer.end(FAKE);
  });
  assert.ok(await findBinary(step(`${server.base}/hop/0`), MACHINE, CHECKSUMS, QUICK));
  assert.equal(server.seen.length, 4);
  await assert.rejects(findBinary(step(`${server.base}/loop/0`), MACHINE, CHECKSUMS, QUICK), { code: 9, message: /more than 5 redirects/ });
  assert.equal(server.seen.length, 4 + 1 + LIMITS.redirects);
  await assert.rejects(findBinary(step(`${server.base}/away`), MACHINE, CHECKSUMS, QUICK), { code: 2, message: /example\.com.*\n.*not an https URL/ });
});

test("many jobs at once share one cache", async (t) => {
  const server = await serve(t, (_request, answer) => {
    answer.write(FAKE.subarray(0, 20), () => setImmediate(() => answer.end(FAKE.subarray(20))));
  });
  const env = step(server.base);
  const files = await Promise.all(Array.from({ length: 12 }, () => findBinary(env, MACHINE, CHECKSUMS, QUICK)));
  assert.equal(new Set(files).size, 1);
  assert.deepEqual(readFileSync(files[0]), FAKE);
  assert.deepEqual(leftovers(env), ["liftoff"]);
});

test("without a tool cache the binary goes to a private folder", async (t) => {
  const server = await serve(t, good);
  const temporary = folder();
  const file = await findBinary({ RUNNER_TEMP: temporary, "INPUT_DOWNLOAD-URL": server.base }, MACHINE, CHECKSUMS, QUICK);
  assert.ok(file.startsWith(join(temporary, "liftoff-")));
});

test("the release of the action's own repository is the default", async () => {
  const env = { RUNNER_TOOL_CACHE: folder(), HTTPS_PROXY: "http://127.0.0.1:1", GITHUB_ACTION_REPOSITORY: "acme/liftoff" };
  const limits = { ...QUICK, attempts: 1 };
  const expected = new RegExp(`https://github.com/acme/liftoff/releases/download/v1.2.3/liftoff-${TARGET}\n.*ECONNREFUSED`);
  await assert.rejects(findBinary(env, MACHINE, CHECKSUMS, limits), { code: 9, message: expected });
  for (const repository of ["", "acme", "acme/x/../y"]) {
    const local = findBinary({ ...env, GITHUB_ACTION_REPOSITORY: repository }, MACHINE, CHECKSUMS, limits);
    await assert.rejects(local, { code: 2, message: /uses: \.\// });
  }
});

/** A proxy that only tunnels. */
async function proxy(t) {
  const seen = [];
  const server = http.createServer((_request, answer) => answer.writeHead(405).end());
  server.on("connect", (request, socket) => {
    seen.push([request.url, request.headers["proxy-authorization"]]);
    const [host, port] = request.url.split(":");
    const upstream = net.connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  return { host: `127.0.0.1:${server.address().port}`, seen };
}

test("a proxy is asked for a tunnel, with its credentials", async (t) => {
  const server = await serve(t, good);
  const between = await proxy(t);
  const env = step(server.base, { HTTP_PROXY: `http://me:p%40ss@${between.host}` });
  assert.ok(await findBinary(env, MACHINE, CHECKSUMS, QUICK));
  assert.deepEqual(between.seen, [[`127.0.0.1:${server.port}`, `Basic ${Buffer.from("me:p@ss").toString("base64")}`]]);
  assert.equal(server.seen.length, 1);
});

test("TLS is spoken through the tunnel and the certificate is checked", async (t) => {
  const home = folder();
  const [key, cert] = [join(home, "key.pem"), join(home, "cert.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert];
  execFileSync("openssl", [...request, ...names], { stdio: "pipe" });
  const create = (handler) => https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, handler);
  const server = await serve(t, good, create);
  const between = await proxy(t);
  for (const host of ["localhost", "127.0.0.1"]) {
    const env = step(`https://${host}:${server.port}`, { HTTPS_PROXY: between.host });
    const trusted = await launch({ ...env, NODE_EXTRA_CA_CERTS: cert }).ended;
    assert.equal(trusted.code, 0, trusted.err);
    const distrusted = findBinary({ ...env, RUNNER_TOOL_CACHE: folder() }, MACHINE, CHECKSUMS, { ...QUICK, attempts: 1 });
    await assert.rejects(distrusted, { code: 9, message: /self.signed certificate/i });
  }
  assert.equal(between.seen.length, 4);
});

test("a proxy that refuses is named", async (t) => {
  const server = http.createServer();
  server.on("connect", (_request, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const host = `127.0.0.1:${server.address().port}`;
  const env = step("http://127.0.0.1:9", { http_proxy: `http://${host}` });
  await assert.rejects(findBinary(env, MACHINE, CHECKSUMS, QUICK), { code: 9, message: new RegExp(`the proxy ${host} answered 407`) });
  const broken = findBinary(step("http://127.0.0.1:9", { http_proxy: "http://[" }), MACHINE, CHECKSUMS, QUICK);
  await assert.rejects(broken, { code: 2, message: /HTTP_PROXY is not a URL/ });
});

test("exceptions from the proxy are honoured", () => {
  const cases = [
    ["https://github.com/x", { HTTPS_PROXY: "http://p:1" }, "p:1"],
    ["https://github.com/x", { HTTPS_PROXY: "p:1", https_proxy: "q:2" }, "q:2"],
    ["https://github.com/x", { HTTP_PROXY: "http://p:1" }, undefined],
    ["https://github.com/x", { HTTPS_PROXY: "p:1", NO_PROXY: "example.com, github.com" }, undefined],
    ["https://api.github.com/x", { HTTPS_PROXY: "p:1", no_proxy: ".github.com" }, undefined],
    ["https://notgithub.com/x", { HTTPS_PROXY: "p:1", NO_PROXY: "github.com" }, "p:1"],
    ["https://github.com:8443/x", { HTTPS_PROXY: "p:1", NO_PROXY: "github.com:443" }, "p:1"],
    ["https://github.com/x", { HTTPS_PROXY: "p:1", NO_PROXY: "*.github.com:443" }, undefined],
    ["https://github.com/x", { HTTPS_PROXY: "p:1", NO_PROXY: "*" }, undefined],
    ["https://github.com/x", { HTTPS_PROXY: " ", NO_PROXY: "" }, undefined],
  ];
  for (const [url, env, expected] of cases) {
    assert.equal(proxyFor(new URL(url), env)?.host, expected, `${url} ${JSON.stringify(env)}`);
  }
});

test("a stopped step stops the binary and passes its code on", async (t) => {
  const server = await serve(t, good);
  const { child, ended } = launch(step(server.base, { INPUT_ACTION: "wait" }));
  await new Promise((done) => child.stdout.once("data", done));
  child.kill("SIGTERM");
  const { code, signal } = await ended;
  assert.deepEqual([code, signal], [143, null]);
});

test("a signal to the whole group reaches the binary through the launcher only", async (t) => {
  const server = await serve(t, good);
  const { child, ended } = launch(step(server.base, { INPUT_ACTION: "wait" }), CHECKSUMS, { detached: true });
  const [, binary] = String(await new Promise((done) => child.stdout.once("data", done))).split(" ");
  // While the launcher stands still, nothing is passed on, and the binary must not have heard of the signal.
  child.kill("SIGSTOP");
  process.kill(-child.pid, "SIGINT");
  process.kill(Number(binary), "SIGTERM");
  const said = String(await new Promise((done) => child.stdout.once("data", done)));
  child.kill("SIGCONT");
  assert.equal((await ended).code, 143);
  assert.equal(said, "ended after 0\n");
});

test("a signal to the whole group reaches the binary once", async (t) => {
  const server = await serve(t, good);
  const { child, ended } = launch(step(server.base, { INPUT_ACTION: "wait" }), CHECKSUMS, { detached: true });
  await new Promise((done) => child.stdout.once("data", done));
  process.kill(-child.pid, "SIGINT");
  await new Promise((done) => child.stdout.once("data", done));
  child.kill("SIGTERM");
  const { code, out } = await ended;
  assert.match(out, /^ready \d+\ninterrupt 1\nended after 1\n$/);
  assert.equal(code, 143);
});

test("what runs is a private copy, which is gone afterwards", async (t) => {
  const server = await serve(t, good);
  const temporary = folder();
  const env = step(server.base, { RUNNER_TEMP: temporary });
  const { out } = await launch(env).ended;
  assert.equal(dirname(dirname(JSON.parse(out).file)), temporary);
  assert.deepEqual(readdirSync(temporary), []);

  const copy = await prepareBinary(env, MACHINE, CHECKSUMS, QUICK);
  assert.equal(statSync(dirname(copy.file)).mode & 0o777, 0o700);
  assert.equal(statSync(copy.file).mode & 0o777, 0o700);
  await copy.remove();
});

test("a cached file that changes after its check is not run", async () => {
  const temporary = folder();
  writeFileSync(join(temporary, "changed"), "something else");
  const refused = privateCopy(join(temporary, "changed"), CHECKSUM, { RUNNER_TEMP: temporary });
  await assert.rejects(refused, { code: 6, message: /it changed after/ });
  assert.deepEqual(readdirSync(temporary), ["changed"]);
});

test("a file that is no program is told as such", async () => {
  const home = folder();
  writeFileSync(join(home, "data"), "no program");
  const { code, err } = await launch({ "INPUT_BINARY-PATH": join(home, "data") }).ended;
  assert.equal(code, 2);
  assert.match(err, /could not run .*data\nbecause: .*EACCES/);
});
