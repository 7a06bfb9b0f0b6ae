"""Does what a deploy does on Bitbucket Data Center, with the client library atlassian-python-api."""

import json
import sys

from atlassian import Bitbucket
from requests.exceptions import HTTPError

forge = json.loads(sys.argv[1])["bitbucket_dc"]
url, token, commit, base = forge["url"], forge["token"], forge["commit"], forge["base"]
project, slug = "ACME", "demo"
server = Bitbucket(url=url, token=token)

pull = server.get_pull_request(project, slug, 1)
assert (pull["state"], pull["fromRef"]["latestCommit"]) == ("OPEN", commit)

for number in range(30):
    comment = server.add_pull_request_comment(project, slug, 1, f"comment {number}")
changed = server.update_pull_request_comment(project, slug, 1, comment["id"], "changed", comment["version"])
assert changed["version"] == comment["version"] + 1
try:
    server.update_pull_request_comment(project, slug, 1, comment["id"], "stale", comment["version"])
    raise SystemExit("a stale version was accepted")
except HTTPError as error:
    assert error.response.status_code == 409, error
activities = server.get_pull_requests_activities(project, slug, 1)
texts = [activity["comment"]["text"] for activity in activities if activity["action"] == "COMMENTED"]
assert texts == ["changed"] + [f"comment {number}" for number in reversed(range(29))], texts

repository = f"rest/api/latest/projects/{project}/repos/{slug}"
for state in ("INPROGRESS", "SUCCESSFUL"):
    build = {"key": "deploy", "state": state, "url": "https://ci.example.com/1", "name": "Deploy"}
    server.post(f"{repository}/commits/{commit}/builds", data=build)

server.create_code_insights_report(project, slug, commit, "com.example.deploy", "Deploy", result="PASS", data=[])
annotation = {"message": "unused", "severity": "LOW", "path": "dags/example.py", "line": 1}
server.add_code_insights_annotations_to_report(project, slug, commit, "com.example.deploy", [annotation])

changes = server.get(f"{repository}/compare/changes", params={"from": commit, "to": base})
assert [change["path"]["toString"] for change in changes["values"]] == ["dags/example.py"]

try:
    Bitbucket(url=url, token="wrong").get_pull_request(project, slug, 1)
    raise SystemExit("a wrong token was accepted")
except HTTPError as error:
    assert error.response.status_code == 401, error
