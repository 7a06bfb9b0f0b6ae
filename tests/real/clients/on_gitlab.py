"""Does what a deploy does on GitLab, with the client library python-gitlab."""

import json
import sys

import gitlab

forge = json.loads(sys.argv[1])["gitlab"]
url, token, commit, base = forge["url"], forge["token"], forge["commit"], forge["base"]
connection = gitlab.Gitlab(url, private_token=token)
connection.auth()
assert connection.user.username == "deploy-bot"

project = connection.projects.get("acme/platform/demo", lazy=True)
merge_request = project.mergerequests.get(1)
assert (merge_request.state, merge_request.sha) == ("opened", commit)

for number in range(23):
    merge_request.notes.create({"body": f"note {number}"})
notes = merge_request.notes.list(get_all=True, per_page=20, sort="asc")
assert [note.body for note in notes] == [f"note {number}" for number in range(23)]
notes[0].body = "changed"
notes[0].save()

statuses = project.commits.get(commit, lazy=True).statuses
for state in ("running", "success"):
    statuses.create({"state": state, "name": "deploy", "description": "One DAG", "target_url": "https://ci.example.com/1"})
try:
    statuses.create({"state": "running", "name": "again"})
    statuses.create({"state": "running", "name": "again"})
    raise SystemExit("a status was set to what it was")
except gitlab.exceptions.GitlabCreateError as error:
    assert error.response_code == 400, error

deployment = project.deployments.create(
    {"environment": "review/change", "sha": commit, "ref": "change", "tag": False, "status": "running"}
)
deployment.status = "success"
deployment.save()
environment = project.environments.list(name="review/change", get_all=True)[0]
environment.external_url = "https://airflow.example.com"
environment.save()
environment.stop()
assert project.environments.get(environment.id).state == "stopped"

comparison = project.repository_compare(base, commit)
assert [diff["new_path"] for diff in comparison["diffs"]] == ["dags/example.py"]

try:
    gitlab.Gitlab(url, private_token="wrong").auth()
    raise SystemExit("a wrong token was accepted")
except gitlab.exceptions.GitlabAuthenticationError:
    pass
