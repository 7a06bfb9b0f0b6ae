// Microsoft's own client. It asks the service for its resources and versions before anything else.
import assert from "node:assert/strict";

import { WebApi, getBearerHandler, getPersonalAccessTokenHandler } from "azure-devops-node-api";
import {
  CommentThreadStatus,
  CommentType,
  GitStatusState,
  GitVersionType,
  PullRequestStatus,
  VersionControlChangeType,
} from "azure-devops-node-api/interfaces/GitInterfaces.js";

const { url, personal, pipeline } = JSON.parse(process.argv[2]).azure;
const [project, repository] = ["data", "demo"];

async function refused(status, promise) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.statusCode, status, error.message);
    return true;
  });
}

const service = new WebApi(`${url}/acme`, getPersonalAccessTokenHandler(personal));
const git = await service.getGitApi();
assert.equal((await service.connect()).authenticatedUser.providerDisplayName, "Ada");
const bearer = new WebApi(`${url}/acme`, getBearerHandler(pipeline));
assert.notEqual((await bearer.connect()).authenticatedUser.id, (await service.connect()).authenticatedUser.id);

const pull = await git.getPullRequest(repository, 1, project);
assert.deepEqual([pull.status, pull.sourceRefName], [PullRequestStatus.Active, "refs/heads/change"]);
const [base, head] = [pull.lastMergeTargetCommit.commitId, pull.lastMergeSourceCommit.commitId];

const comment = { parentCommentId: 0, content: "one", commentType: CommentType.Text };
const thread = await git.createThread({ comments: [comment], status: CommentThreadStatus.Closed }, repository, 1, project);
assert.deepEqual([thread.status, thread.comments[0].commentType], [CommentThreadStatus.Closed, CommentType.Text]);
await git.updateComment({ content: "two" }, repository, 1, thread.id, 1, project);
await git.createComment({ parentCommentId: 1, content: "reply" }, repository, 1, thread.id, project);
await git.updateThread({ status: CommentThreadStatus.Active }, repository, 1, thread.id, project);
const [found] = await git.getThreads(repository, 1, project);
assert.deepEqual(found.comments.map((reply) => reply.content), ["two", "reply"]);
assert.ok(found.publishedDate instanceof Date && found.status === CommentThreadStatus.Active);
assert.equal((await git.getPullRequestThread(repository, 1, thread.id, project)).id, thread.id);
await refused(400, git.createThread({ comments: [{ ...comment, content: "x".repeat(150_001) }] }, repository, 1, project));

const status = { state: GitStatusState.Succeeded, context: { name: "liftoff", genre: "dev" }, description: "d", targetUrl: "https://ci.example.com/1" };
assert.equal((await git.createCommitStatus(status, head, repository, project)).state, GitStatusState.Succeeded);
assert.equal((await git.getStatuses(head, repository, project, 10, 0, true))[0].context.genre, "dev");
await git.createPullRequestStatus({ ...status, state: GitStatusState.Failed }, repository, 1, project);
assert.equal((await git.getPullRequestStatuses(repository, 1, project))[0].state, GitStatusState.Failed);
await refused(400, git.createCommitStatus({ state: GitStatusState.Failed }, head, repository, project));

const version = (commit) => ({ version: commit, versionType: GitVersionType.Commit });
const diff = await git.getCommitDiffs(repository, project, true, 50, 0, version(base), version(head));
assert.deepEqual(diff.changes.map((change) => [change.item.path, change.changeType]), [
  ["/dags", VersionControlChangeType.Edit],
  ["/dags/example.py", VersionControlChangeType.Edit],
]);
assert.deepEqual([diff.allChangesIncluded, diff.aheadCount, diff.commonCommit], [true, 1, base]);
const wrong = new WebApi(`${url}/acme`, getPersonalAccessTokenHandler("wrong"));
await refused(401, wrong.getGitApi());
