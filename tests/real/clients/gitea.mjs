// A client generated from Gitea's own API description.
import assert from "node:assert/strict";

import { giteaApi } from "gitea-js";

const { url, token } = JSON.parse(process.argv[2]).gitea;
const api = giteaApi(url.replace("/api/v1", ""), { token });
const where = ["acme", "demo"];

async function refused(status, promise) {
  await assert.rejects(promise, (answer) => {
    assert.equal(answer.status, status);
    return true;
  });
}

assert.equal((await api.user.userGetCurrent()).data.login, "liftoff-bot");
const pull = (await api.repos.repoGetPullRequest(...where, 1)).data;
const [base, head] = [pull.base.sha, pull.head.sha];
assert.deepEqual([pull.state, pull.merged], ["open", false]);
assert.equal((await api.repos.repoListPullRequests(...where, { state: "open" })).data.length, 1);
await refused(404, api.repos.repoGetCommitPullRequest(...where, head));

const made = (await api.repos.issueCreateComment(...where, 1, { body: "one" })).data;
assert.equal((await api.repos.issueEditComment(...where, made.id, { body: "two" })).data.body, "two");
assert.equal((await api.repos.issueGetComment(...where, made.id)).data.user.login, "liftoff-bot");
const comments = (await api.repos.issueGetComments(...where, 1, { since: "2020-01-01T00:00:00Z" })).data;
assert.deepEqual(comments.map((comment) => comment.body), ["two"]);
await refused(422, api.repos.issueCreateComment(...where, 1, { body: "" }));

const status = { state: "warning", context: "liftoff", description: "d", target_url: "https://ci.example.com/1" };
assert.equal((await api.repos.repoCreateStatus(...where, head, status)).data.status, "warning");
assert.equal((await api.repos.repoListStatuses(...where, head)).data[0].context, "liftoff");
assert.equal((await api.repos.repoListStatusesByRef(...where, "change")).data.length, 1);

const compared = (await api.repos.repoCompareDiff(...where, `${base}...${head}`)).data;
assert.deepEqual([compared.total_commits, compared.commits[0].files], [1, [{ filename: "dags/example.py", status: "modified" }]]);
await refused(401, giteaApi(url.replace("/api/v1", ""), { token: "wrong" }).user.userGetCurrent());
