// GitHub's own client, with every request and answer checked against GitHub's own OpenAPI description.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Octokit } from "@octokit/rest";
import Ajv from "ajv";

const { url, token, person } = JSON.parse(process.argv[2]).github;
const spec = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json")));
const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
ajv.addSchema(asJsonSchema(spec), "spec");

// What the simulator leaves out of an answer on purpose: repositories and people inside pull requests and commits.
const PARTIAL = ["/repos/{owner}/{repo}/pulls/{pull_number}", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls"];
let checked = 0;

// OpenAPI 3.0 says `nullable`, which JSON Schema does not know.
function asJsonSchema(value) {
  if (Array.isArray(value)) return value.map(asJsonSchema);
  if (value === null || typeof value !== "object") return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJsonSchema(inner)]));
  if (copy.nullable !== true) return copy;
  delete copy.nullable;
  return { anyOf: [{ type: "null" }, copy] };
}

function check(what, place, value) {
  const validate = ajv.compile({ $ref: `spec#${place}` });
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 500)}`);
  checked += 1;
}

const pointer = (...parts) => parts.map((part) => "/" + encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("");

// Pages are asked for by address, not by template.
const templates = Object.keys(spec.paths).map((template) => [template, new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`)]);

function template(address) {
  const path = address.replace(url, "").split("?")[0];
  return spec.paths[path] ? path : templates.find(([, pattern]) => pattern.test(path))?.[0];
}

function client(auth) {
  const octokit = new Octokit({ baseUrl: url, auth, log: { debug() {}, info() {}, warn() {}, error() {} } });
  octokit.hook.wrap("request", async (request, options) => {
    const path = template(options.url);
    const method = options.method.toLowerCase();
    const operation = spec.paths[path]?.[method];
    assert.ok(operation, `${method} ${options.url} is not described`);
    const { body } = octokit.request.endpoint.parse(options);
    if (body && operation.requestBody) {
      const place = pointer("paths", path, method, "requestBody", "content", "application/json", "schema");
      check(`request of ${path}`, place, JSON.parse(JSON.stringify(body)));
    }
    const answer = await request(options);
    const content = operation.responses[answer.status]?.content?.["application/json"];
    assert.ok(answer.status === 204 || content, `${method} ${path} answered ${answer.status}, which is not described`);
    if (content && !PARTIAL.includes(path)) {
      const place = pointer("paths", path, method, "responses", String(answer.status), "content", "application/json", "schema");
      check(`answer of ${path}`, place, answer.data);
    }
    return answer;
  });
  return octokit;
}

async function refused(status, promise) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.status, status, error.message);
    return true;
  });
}

const octokit = client(token);
const repository = { owner: "acme", repo: "demo" };
const pull = (await octokit.rest.pulls.get({ ...repository, pull_number: 1 })).data;
const [base, head] = [pull.base.sha, pull.head.sha];

// Comments, in more than one page.
const made = (await octokit.rest.issues.createComment({ ...repository, issue_number: 1, body: "one" })).data;
for (let number = 0; number < 31; number += 1) {
  await octokit.rest.issues.createComment({ ...repository, issue_number: 1, body: `more ${number}` });
}
assert.equal((await octokit.paginate(octokit.rest.issues.listComments, { ...repository, issue_number: 1 })).length, 32);
const changed = await octokit.rest.issues.updateComment({ ...repository, comment_id: made.id, body: "two" });
assert.equal(changed.data.body, "two");
assert.equal((await octokit.rest.issues.getComment({ ...repository, comment_id: made.id })).data.body, "two");
await octokit.rest.issues.deleteComment({ ...repository, comment_id: made.id });
await refused(404, octokit.rest.issues.getComment({ ...repository, comment_id: made.id }));
await refused(422, octokit.rest.issues.createComment({ ...repository, issue_number: 1, body: "x".repeat(65537) }));

// Statuses, comparison, commits and their pull requests.
await octokit.rest.repos.createCommitStatus({ ...repository, sha: head, state: "success", context: "liftoff", description: "d" });
assert.equal((await octokit.rest.repos.listCommitStatusesForRef({ ...repository, ref: head })).data[0].context, "liftoff");
const comparison = (await octokit.rest.repos.compareCommitsWithBasehead({ ...repository, basehead: `${base}...${head}` })).data;
assert.deepEqual([comparison.status, comparison.files.map((file) => file.filename)], ["ahead", ["dags/example.py"]]);
assert.equal((await octokit.rest.repos.getCommit({ ...repository, ref: head })).data.sha, head);
assert.equal((await octokit.rest.pulls.listFiles({ ...repository, pull_number: 1 })).data.length, 1);
const pulls = (await octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...repository, commit_sha: head })).data;
assert.deepEqual(pulls.map((found) => found.number), [1]);

// Deployments.
const options = { ...repository, ref: head, environment: "dev", auto_merge: false, required_contexts: [] };
const deployments = [];
for (let number = 0; number < 2; number += 1) {
  const deployment = (await octokit.rest.repos.createDeployment({ ...options, description: "d", payload: { number } })).data;
  deployments.push(deployment.id);
  for (const state of ["in_progress", "success"]) {
    await octokit.rest.repos.createDeploymentStatus({
      ...repository,
      deployment_id: deployment.id,
      state,
      log_url: "https://ci.example.com/1",
      environment_url: "https://airflow.example.com/",
      description: "d",
    });
  }
}
const found = await octokit.rest.repos.listDeployments({ ...repository, environment: "dev", sha: head });
assert.deepEqual(found.data.map((deployment) => deployment.id), deployments.toReversed());
await octokit.rest.repos.getDeployment({ ...repository, deployment_id: deployments[0] });
const states = await octokit.rest.repos.listDeploymentStatuses({ ...repository, deployment_id: deployments[0] });
assert.equal(states.data[0].state, "inactive");
await refused(409, octokit.rest.repos.createDeployment({ ...options, required_contexts: ["absent"] }));

// Check runs, by an app only.
const annotation = { path: "dags/example.py", start_line: 1, end_line: 1, annotation_level: "failure", message: "no" };
const output = { title: "t", summary: "s", annotations: Array(50).fill(annotation) };
const run = (await octokit.rest.checks.create({ ...repository, name: "liftoff", head_sha: head, status: "in_progress", output })).data;
await octokit.rest.checks.update({
  ...repository,
  check_run_id: run.id,
  status: "completed",
  conclusion: "failure",
  output: { ...output, annotations: [annotation] },
});
assert.equal((await octokit.rest.checks.get({ ...repository, check_run_id: run.id })).data.output.annotations_count, 51);
const annotations = { ...repository, check_run_id: run.id, per_page: 50 };
assert.equal((await octokit.paginate(octokit.rest.checks.listAnnotations, annotations)).length, 51);
assert.equal((await octokit.rest.checks.listForRef({ ...repository, ref: head })).data.total_count, 1);
const ada = client(person);
assert.equal((await ada.rest.users.getAuthenticated()).data.login, "ada");
await refused(403, ada.rest.checks.create({ ...repository, name: "liftoff", head_sha: head }));
await refused(403, octokit.rest.users.getAuthenticated());
await refused(401, client("wrong").rest.pulls.get({ ...repository, pull_number: 1 }));
assert.ok(checked > 100, `only ${checked} requests and answers were checked`);
