"""Lifecycle policies and what they would do."""

import json

from aws_cli import aws, check, refused, works
from repositories import APP, KEEP, NOBODY

RULE = {
    "rulePriority": 1,
    "description": "keep one",
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
    "action": {"type": "expire"},
}
POLICY = json.dumps({"rules": [RULE]})


def policies():
    keep = {"repository_name": KEEP}
    for command in ("get-lifecycle-policy", "delete-lifecycle-policy"):
        refused("LifecyclePolicyNotFoundException", command, **keep)
        refused("RepositoryNotFoundException", command, **NOBODY)
    works("put-lifecycle-policy", **keep, lifecycle_policy_text=POLICY)
    bad = json.dumps({"rules": [{**RULE, "rulePriority": 0}]})
    refused("InvalidParameterException", "put-lifecycle-policy", **keep, lifecycle_policy_text=bad)
    refused("RepositoryNotFoundException", "put-lifecycle-policy", **NOBODY, lifecycle_policy_text=POLICY)
    found = works("get-lifecycle-policy", **keep)["lifecyclePolicyText"]
    check("get-lifecycle-policy gives back what was put", json.loads(found) == json.loads(POLICY))
    works("delete-lifecycle-policy", **keep)


def complete(repository, policy):
    """A preview of `policy`, waited for."""
    works("start-lifecycle-policy-preview", **repository, lifecycle_policy_text=policy)
    waited = aws("ecr", "wait", "lifecycle-policy-preview-complete", "--repository-name", repository["repository_name"])
    check(f"wait lifecycle-policy-preview-complete {waited[2]}", waited[0] == 0)


def preview():
    refused("LifecyclePolicyPreviewNotFoundException", "get-lifecycle-policy-preview", **APP)
    refused("LifecyclePolicyNotFoundException", "start-lifecycle-policy-preview", **APP)
    refused("RepositoryNotFoundException", "start-lifecycle-policy-preview", **NOBODY, lifecycle_policy_text=POLICY)
    complete(APP, POLICY)
    refused("RepositoryNotFoundException", "get-lifecycle-policy-preview", **NOBODY)
    done = works("get-lifecycle-policy-preview", **APP)
    check("get-lifecycle-policy-preview is complete", done["status"] == "COMPLETE")
    left = len(works("describe-images", **APP)["imageDetails"])
    check("the preview deletes nothing", left >= len(done["previewResults"]) > 0)
