// Does what a deploy does on Bitbucket Cloud, with the client library `bitbucket`.
import assert from "node:assert/strict";

import bitbucket from "bitbucket";

const { Bitbucket } = bitbucket;
const { url: baseUrl, token, commit, base } = JSON.parse(process.argv[2]).bitbucket;
const cloud = new Bitbucket({ baseUrl, auth: { token }, notice: false });
const repository = { workspace: "acme", repo_slug: "demo" };
const pull = { ...repository, pull_request_id: 1 };

const { data: request } = await cloud.pullrequests.get(pull);
assert.equal(request.state, "OPEN");
assert.ok(commit.startsWith(request.source.commit.hash));

const raw = (text) => ({ _body: { content: { raw: text } } });
const comments = [];
for (let number = 0; number < 12; number++) {
  const { data } = await cloud.pullrequests.createComment({ ...pull, ...raw(`comment ${number}`) });
  comments.push(data);
}
await cloud.pullrequests.updateComment({ ...pull, comment_id: comments[0].id, ...raw("changed") });
let { data: page } = await cloud.pullrequests.listComments(pull);
const texts = page.values.map((comment) => comment.content.raw);
while (cloud.hasNextPage(page)) {
  ({ data: page } = await cloud.getNextPage(page));
  texts.push(...page.values.map((comment) => comment.content.raw));
}
assert.deepEqual(texts, ["changed", ...comments.slice(1).map((comment) => comment.content.raw)]);

for (const state of ["INPROGRESS", "SUCCESSFUL"]) {
  const _body = { type: "build", key: "deploy", state, url: "https://ci.example.com/1" };
  await cloud.repositories.createCommitBuildStatus({ ...repository, commit, _body });
}

const report = { ...repository, commit, reportId: "deploy" };
const fields = { type: "report", title: "Deploy", details: "One DAG", report_type: "BUG", result: "PASSED" };
await cloud.repositories.createOrUpdateReport({ ...report, _body: fields });
const found = { type: "report_annotation", external_id: "one", annotation_type: "BUG", summary: "unused", severity: "LOW" };
await cloud.repositories.bulkCreateOrUpdateAnnotations({ ...report, _body: [found] });

const { data: files } = await cloud.repositories.listDiffStats({ ...repository, spec: `${commit}..${base}`, topic: true });
assert.deepEqual(files.values.map((file) => `${file.status} ${file.new.path}`), ["modified dags/example.py"]);

const stranger = new Bitbucket({ baseUrl, auth: { token: "wrong" }, notice: false });
await assert.rejects(stranger.pullrequests.get(pull), (error) => error.status === 401);
