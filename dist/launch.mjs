// Finds the Liftoff binary, proves that it is the right one, and runs it. Node built-ins only.
// It knows three inputs (`action`, `binary-path`, `download-url`); all of them reach the binary as the runner set them, in
// INPUT_* variables.

import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, realpathSync } from "node:fs";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { constants, tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";
import { fileURLToPath } from "node:url";

/** Exit codes of docs/exit-codes.md. */
const USAGE = 2;
const REFUSED = 6;
const TRANSFER = 9;

/** Bounds of one download; tests pass smaller ones. Times in milliseconds, size in bytes. */
export const LIMITS = {
  attempts: 4,
  idle: 30_000,
  pause: 1_000,
  redirects: 5,
  size: 256 * 1024 * 1024,
  total: 5 * 60_000,
};

/** Rust targets by Node's platform and architecture. */
const TARGETS = {
  "darwin-arm64": "aarch64-apple-darwin",
  "darwin-x64": "x86_64-apple-darwin",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "linux-x64": "x86_64-unknown-linux-musl",
  "win32-arm64": "aarch64-pc-windows-msvc",
  "win32-x64": "x86_64-pc-windows-msvc",
};

/**
 * Commands by the word of the input `action`, in lower case as the binary compares it; every other word is for `deploy`,
 * which knows what it means or refuses it.
 */
const COMMANDS = new Map([["plan", "plan"]]);

/** The word of the input `action` that only puts the binary on the PATH. */
const SETUP = "setup";

/** A failure with the exit code that the step gets. `temporary` failures are tried again. */
export class Failure extends Error {
  constructor(code, doing, because, hint, temporary = false) {
    super(`could not ${doing}\nbecause: ${because}\nhint: ${hint}`);
    this.code = code;
    this.temporary = temporary;
  }
}

/** Returns the Rust target of a machine. */
export function targetOf(platform, arch) {
  const target = TARGETS[`${platform}-${arch}`];
  if (!target) {
    throw new Failure(
      USAGE,
      "find a binary for this machine",
      `there is none for ${platform} on ${arch}`,
      "build Liftoff from source and set `binary-path`",
    );
  }
  return target;
}

/** Returns an input as the runner passes it: upper case, dashes kept. Empty counts as unset. */
function input(env, name) {
  return (env[`INPUT_${name.toUpperCase()}`] ?? "").trim() || undefined;
}

/**
 * Returns a binary to run: the user's own as it is, or a private copy of the verified one, which nobody can change between
 * the check and the run. `remove` deletes the copy.
 */
export async function prepareBinary(env, machine, checksums, limits = LIMITS) {
  const given = input(env, "binary-path");
  if (given) return { file: await givenBinary(resolve(env.GITHUB_WORKSPACE || ".", given)), remove: async () => {} };
  const cached = await findBinary(env, machine, checksums, limits);
  return privateCopy(cached, checksums.sha256[targetOf(machine.platform, machine.arch)], env);
}

/** Copies a file to a folder of this user alone and checks what was copied, not what lay there before. */
export async function privateCopy(source, expected, env) {
  const folder = await mkdtemp(join(env.RUNNER_TEMP || tmpdir(), "liftoff-run-"));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const file = join(folder, basename(source));
    const hash = createHash("sha256");
    const watch = new Transform({
      transform(chunk, _encoding, next) {
        hash.update(chunk);
        next(null, chunk);
      },
    });
    await pipeline(createReadStream(source), watch, createWriteStream(file, { mode: 0o700, flags: "wx" }));
    if (hash.digest("hex") !== expected) {
      const because = "it changed after its checksum was verified";
      throw new Failure(REFUSED, `copy ${source}`, because, "find out which other job writes to the runner's tool cache");
    }
    return { file, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Returns the path of the binary in the cache, verified by its checksum, downloading it when it is not there. */
export async function findBinary(env, machine, checksums, limits = LIMITS) {
  const target = targetOf(machine.platform, machine.arch);
  const expected = checksums.sha256?.[target];
  if (!/^[0-9a-f]{64}$/.test(expected ?? "") || !/^[0-9A-Za-z.+-]+$/.test(checksums.version ?? "")) {
    throw new Failure(
      REFUSED,
      `verify the binary for ${target}`,
      "dist/checksums.json holds no checksum for it, and an unverified binary is never run",
      "use a released version of the action (a tag or its commit), or set `binary-path`",
    );
  }
  const suffix = machine.platform === "win32" ? ".exe" : "";
  const folder = await cacheFolder(env, checksums.version, machine.arch);
  const file = join(folder, `liftoff${suffix}`);
  if ((await checksumOf(file)) === expected) return file;

  const url = `${downloadBase(env, checksums.version)}/liftoff-${target}${suffix}`;
  const partial = join(folder, `.partial-${randomUUID()}`);
  try {
    await downloadWithRetries(url, partial, env, limits);
    const actual = await checksumOf(partial);
    if (actual !== expected) {
      throw new Failure(
        REFUSED,
        `verify ${shown(url)}`,
        `its SHA-256 is ${actual}, and ${expected} was expected`,
        "check what serves `download-url`; the file was deleted and not run",
      );
    }
    await chmod(partial, 0o755);
    await moveIntoPlace(partial, file, expected);
  } finally {
    await rm(partial, { force: true });
  }
  return file;
}

async function givenBinary(path) {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) {
    throw new Failure(USAGE, "find the binary", `binary-path names ${path}, which is not a file`, "check `binary-path`");
  }
  return path;
}

/** A folder that outlives the job where the runner has one, else a private one. */
async function cacheFolder(env, version, arch) {
  if (!env.RUNNER_TOOL_CACHE) return mkdtemp(join(env.RUNNER_TEMP || tmpdir(), "liftoff-"));
  const folder = join(env.RUNNER_TOOL_CACHE, "liftoff", version, arch);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Returns the SHA-256 of a file as hex, or nothing when it cannot be read. */
async function checksumOf(file) {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

/** Renames, which is atomic. Windows refuses to replace a running program; then the other job's file is as good. */
async function moveIntoPlace(partial, file, expected) {
  try {
    await rename(partial, file);
  } catch (error) {
    if ((await checksumOf(file)) !== expected) throw error;
  }
}

function downloadBase(env, version) {
  const given = input(env, "download-url");
  if (given) return given.replace(/\/+$/, "");
  const repository = env.GITHUB_ACTION_REPOSITORY ?? "";
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new Failure(
      USAGE,
      "find out where to download the binary",
      "GITHUB_ACTION_REPOSITORY does not name the action's repository, as with `uses: ./`",
      "set `download-url`, or `binary-path` to a binary that is already there",
    );
  }
  return `https://github.com/${repository}/releases/download/v${version}`;
}

/** Downloads to a new file. Temporary failures are tried again, each time a little later. */
async function downloadWithRetries(url, file, env, limits) {
  const deadline = Date.now() + limits.total;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await download(new URL(url), file, env, { ...limits, deadline });
    } catch (error) {
      const failure = error instanceof Failure ? error : lost(url, error);
      const wait = limits.pause * 2 ** (attempt - 1);
      if (!failure.temporary || attempt >= limits.attempts || Date.now() + wait >= deadline) throw failure;
      say(`download failed, trying again (${attempt + 1} of ${limits.attempts}): ${failure.message.split("\n")[1]}`);
      await pause(wait);
    }
  }
}

function lost(url, error) {
  if (error.code === "ERR_INVALID_URL") {
    return new Failure(USAGE, "download the binary", "`download-url` is not a URL", "write it as https://host/folder");
  }
  const because = error.code ? `${error.code}: ${error.message}` : error.message;
  return new Failure(TRANSFER, `download ${shown(url)}`, because, "check the network and the proxy variables", true);
}

async function download(start, file, env, limits) {
  let url = start;
  for (let hops = 0; hops <= limits.redirects; hops += 1) {
    mustBeSafe(url);
    const answer = await get(url, env, limits);
    const { statusCode: status, headers } = answer;
    if ([301, 302, 303, 307, 308].includes(status) && headers.location) {
      answer.destroy();
      url = new URL(headers.location, url);
    } else if (status === 200) {
      return save(answer, file, limits);
    } else {
      answer.destroy();
      const temporary = status === 408 || status === 429 || status >= 500;
      const hint = status === 404 ? "check that this version was released, and `download-url`" : "check `download-url`";
      throw new Failure(TRANSFER, `download ${shown(url)}`, `the server answered ${status}`, hint, temporary);
    }
  }
  throw new Failure(TRANSFER, `download ${shown(start)}`, `more than ${limits.redirects} redirects`, "check `download-url`");
}

/** Plain HTTP is for loopback only, redirects included. */
function mustBeSafe(url) {
  const loopback = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    throw new Failure(USAGE, `download ${shown(url)}`, "it is not an https URL", "use https");
  }
}

/** A URL without credentials and query, which may be a signature. */
function shown(url) {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

async function get(url, env, limits) {
  const proxy = proxyFor(url, env);
  const socket = proxy && (await tunnel(url, proxy, limits));
  const client = url.protocol === "https:" ? https : http;
  const options = { headers: { "user-agent": "liftoff-launcher", connection: "close" } };
  if (socket) options.createConnection = () => (url.protocol === "https:" ? secured(socket, url.hostname) : socket);
  else options.agent = false;
  return answerOf(client.get(url, options), limits, "response");
}

/** Speaks TLS inside a tunnel. An address has no server name to send, but its certificate is checked all the same. */
function secured(socket, hostname) {
  const host = hostname.replace(/^\[|\]$/g, "");
  return tls.connect({ socket, host, servername: isIP(host) ? undefined : host });
}

/** Waits for one event of a request, with a bound on silence. */
function answerOf(request, limits, event) {
  return new Promise((done, fail) => {
    request.setTimeout(Math.max(1, Math.min(limits.idle, limits.deadline - Date.now())), () =>
      request.destroy(new Error("no answer in time")),
    );
    request.once("error", fail);
    request.once(event, (answer, socket) => done(event === "connect" ? [answer, socket] : answer));
  });
}

/** Returns the proxy for a URL, or nothing. Lower-case names win, as in curl. */
export function proxyFor(url, env) {
  const name = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const value = (env[name] || env[name.toUpperCase()] || "").trim();
  const exceptions = (env.no_proxy || env.NO_PROXY || "").toLowerCase().split(/[\s,]+/).filter(Boolean);
  const host = url.hostname.toLowerCase();
  const direct = exceptions.some((exception) => {
    const [, suffix, port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(exception);
    const samePort = !port || port === (url.port || (url.protocol === "https:" ? "443" : "80"));
    return exception === "*" || (samePort && suffix && (host === suffix || host.endsWith(`.${suffix}`)));
  });
  if (!value || direct) return undefined;
  const proxy = value.includes("://") ? value : `http://${value}`;
  if (!URL.canParse(proxy)) {
    throw new Failure(USAGE, "use the proxy", `${name.toUpperCase()} is not a URL`, "write it as http://host:port");
  }
  return new URL(proxy);
}

/** Asks the proxy for a connection to the URL's host. Proxies that speak TLS themselves are supported. */
async function tunnel(url, proxy, limits) {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const headers = { host: `${url.hostname}:${port}` };
  if (proxy.username) {
    const credentials = [proxy.username, proxy.password].map(decodeURIComponent).join(":");
    headers["proxy-authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  const client = proxy.protocol === "https:" ? https : http;
  const request = client.request({
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    method: "CONNECT",
    path: `${url.hostname}:${port}`,
    headers,
    agent: false,
  });
  request.end();
  const [answer, socket] = await answerOf(request, limits, "connect");
  if (answer.statusCode !== 200) {
    socket.destroy();
    const because = `the proxy ${proxy.host} answered ${answer.statusCode}`;
    throw new Failure(TRANSFER, `download ${shown(url)}`, because, "check HTTPS_PROXY and NO_PROXY", answer.statusCode >= 500);
  }
  return socket;
}

/**
 * Writes an answer's body to a file, within the bounds; the request's own bound on silence still holds. A body that ends
 * early is a temporary failure.
 */
async function save(answer, file, limits) {
  const length = Number(answer.headers["content-length"] ?? NaN);
  let received = 0;
  const bound = new Transform({
    transform(chunk, _encoding, next) {
      received += chunk.length;
      next(received > limits.size ? new Failure(TRANSFER, "download the binary", "it is too large", "check `download-url`") : null, chunk);
    },
  });
  const signal = AbortSignal.timeout(Math.max(1, limits.deadline - Date.now()));
  await pipeline(answer, bound, createWriteStream(file, { mode: 0o700 }), { signal });
  if (!Number.isNaN(length) && received !== length) throw new Error(`${received} of ${length} bytes arrived`);
}

/**
 * Runs the binary with this process's environment and streams; returns its exit code. The binary takes a second signal as
 * the wish to stop at once, so each must reach it exactly once, whether it was sent to this process or to its whole group:
 * it gets a group of its own, and signals are passed on. On Windows a console sends Ctrl-C to all, and there is nothing to
 * pass on.
 */
export async function run(binary, args, env) {
  const windows = process.platform === "win32";
  const child = spawn(binary, args, { stdio: "inherit", env, detached: !windows });
  const handlers = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
    const handler = () => (windows && signal === "SIGINT" ? true : child.kill(signal));
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  try {
    return await new Promise((done, fail) => {
      child.once("error", (error) =>
        fail(new Failure(USAGE, `run ${binary}`, error.message, "check that it is a program for this machine")),
      );
      child.once("exit", (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
    });
  } finally {
    handlers.forEach((remove) => remove());
  }
}

/**
 * Lets the job's further steps run the binary by its name: its folder joins their PATH through the file that the runner names
 * (docs.github.com, workflow commands, "Adding a system path"). The runner empties the folder when the job ends.
 */
export async function offer(file, env) {
  const named = basename(file).replace(/\.exe$/i, "") === "liftoff";
  if (!named) {
    throw new Failure(USAGE, "set up Liftoff", `${basename(file)} is not called liftoff`, "rename what `binary-path` names");
  }
  if (!env.GITHUB_PATH) {
    throw new Failure(USAGE, "set up Liftoff", "GITHUB_PATH is not set", "`action: setup` works in GitHub Actions and its likes only");
  }
  await appendFile(env.GITHUB_PATH, `${dirname(file)}\n`);
}

function say(line) {
  process.stderr.write(`${line.replace(/[\r\n]+/g, " ")}\n`);
}

/** Shows a failure as an annotation where there is a runner, else as plain text. */
function complain(message, env) {
  const escaped = message.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  if (env.GITHUB_ACTIONS === "true") process.stdout.write(`::error title=Liftoff::${escaped}\n`);
  else process.stderr.write(`error: ${message}\n`);
}

async function main() {
  const { env } = process;
  try {
    const checksums = JSON.parse(await readFile(new URL("./checksums.json", import.meta.url), "utf8"));
    const command = COMMANDS.get(input(env, "action")?.toLowerCase()) ?? "deploy";
    const binary = await prepareBinary(env, { platform: process.platform, arch: process.arch }, checksums);
    if (input(env, "action")?.toLowerCase() === SETUP) {
      await offer(binary.file, env);
      process.exitCode = await run(binary.file, ["--version"], env);
      return;
    }
    try {
      process.exitCode = await run(binary.file, [command], env);
    } finally {
      await binary.remove();
    }
  } catch (error) {
    complain(error.message, env);
    process.exitCode = error instanceof Failure ? error.code : 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) await main();
