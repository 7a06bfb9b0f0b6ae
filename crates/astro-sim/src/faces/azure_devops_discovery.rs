//! What clients of Azure DevOps ask before anything else: who they are, which areas and which resources there are.
//! It must not know repositories.
//!
//! The ids and templates are the service's own, as its client `azure-devops-node-api` looks them up.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::azure_devops_answer::list;
use crate::faces::azure_devops_render as render;
use crate::world::azure_devops::{Identity, guid};

/// Id of the area of everything about Git.
const GIT_AREA: &str = "4e080c62-fa21-4fbc-8fef-2a10a2b38049";

/// Id, name, number of its revision and template below the repository of each resource about Git.
const GIT: [(&str, &str, u32, &str); 6] = [
    ("9946fd70-0d40-406e-b686-b4744cbbcc37", "pullRequests", 2, "pullRequests/{pullRequestId}"),
    ("ab6e2e5d-a0b7-4153-b64a-a4efe0d49449", "pullRequestThreads", 1, "pullRequests/{pullRequestId}/threads/{threadId}"),
    (
        "965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b",
        "pullRequestThreadComments",
        1,
        "pullRequests/{pullRequestId}/threads/{threadId}/comments/{commentId}",
    ),
    ("b5f6bb4f-8d1e-4d79-8d11-4c9172c99c35", "pullRequestStatuses", 2, "pullRequests/{pullRequestId}/statuses/{statusId}"),
    ("428dd4fb-fda5-4722-af02-9313b80305da", "statuses", 2, "commits/{commitId}/statuses"),
    ("615588d5-c0c7-4b88-88f8-e625306446e8", "commitDiffs", 1, "diffs/commits"),
];

/// Returns where the resources of an area are.
pub fn locations(area: &str) -> Answer {
    let location = |id: &str, name: &str, revision: u32, template: String, released: &str| {
        json!({
            "id": id, "area": area, "resourceName": name, "routeTemplate": template, "resourceVersion": revision,
            "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": released,
        })
    };
    let of_git = |(id, name, revision, rest): (&str, &str, u32, &str)| {
        location(id, name, revision, format!("{{project}}/_apis/{{area}}/repositories/{{repositoryId}}/{rest}"), "7.1")
    };
    let of_locations = [
        ("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "ConnectionData", "_apis/connectionData"),
        ("e81700f7-3be2-46de-8624-2eb35882fcaa", "ResourceAreas", "_apis/ResourceAreas/{areaId}"),
    ];
    list(match area {
        "git" => GIT.into_iter().map(of_git).collect(),
        "location" => of_locations.map(|(id, name, template)| location(id, name, 1, template.into(), "0.0")).into(),
        _ => Vec::new(),
    })
}

/// Returns the areas.
pub fn areas(base: &str) -> Answer {
    list(vec![json!({ "id": GIT_AREA, "name": "git", "locationUrl": format!("{base}/") })])
}

/// Returns who asks.
pub fn connection(base: &str, identity: &Identity) -> Answer {
    let user: Value = json!({
        "id": identity.id, "descriptor": format!("Microsoft.TeamFoundation.ServiceIdentity;{}", identity.id),
        "subjectDescriptor": format!("svc.{}", identity.id), "providerDisplayName": identity.display_name,
        "isActive": true, "properties": { "Account": { "$type": "System.String", "$value": identity.display_name } },
        "resourceVersion": 2, "metaTypeId": 0,
    });
    Answer::json(
        200,
        &json!({
            "authenticatedUser": user, "authorizedUser": user, "instanceId": guid(7), "deploymentId": guid(6),
            "deploymentType": "hosted", "locationServiceData": {
                "serviceOwner": render::SERVICE, "defaultAccessMappingMoniker": "PublicAccessMapping", "lastChangeId": 1,
                "lastChangeId64": 1, "accessMappings": [{ "displayName": "Public", "moniker": "PublicAccessMapping", "accessPoint": base }],
            },
        }),
    )
}
