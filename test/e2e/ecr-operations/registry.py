"""What is of a registry as a whole: its policy, settings, templates, exclusions and passwords."""

import json

from aws_cli import aws, check, refused, signed_by, works
from repositories import statement

PREFIX = {"prefix": "operations/made"}


def token():
    [data] = works("get-authorization-token")["authorizationData"]
    check("get-authorization-token says where it is good", data["proxyEndpoint"].startswith("http"))
    refused("InvalidParameterException", "get-authorization-token", registry_ids=["no account"])


def described(account):
    check("describe-registry", works("describe-registry").get("registryId") == account)
    aws("iam", "create-user", "--user-name", "nobody")
    key = json.loads(aws("iam", "create-access-key", "--user-name", "nobody", "--output", "json")[1])["AccessKey"]
    with signed_by(key):
        refused("AccessDeniedException", "describe-registry")



def policy(account):
    refused("RegistryPolicyNotFoundException", "get-registry-policy")
    refused("RegistryPolicyNotFoundException", "delete-registry-policy")
    text = statement(
        Sid="replicate",
        Principal={"AWS": f"arn:aws:iam::{account}:root"},
        Action=["ecr:ReplicateImage"],
        Resource=[f"arn:aws:ecr:us-east-1:{account}:repository/*"],
    )
    works("put-registry-policy", policy_text=text)
    refused("InvalidParameterException", "put-registry-policy", policy_text="no policy")
    found = works("get-registry-policy")["policyText"]
    check("get-registry-policy gives back what was put", json.loads(found) == json.loads(text))
    works("delete-registry-policy")


def settings():
    for name, value in [("BLOB_MOUNTING", "DISABLED"), ("BLOB_MOUNTING", "ENABLED")]:
        works("put-account-setting", name=name, value=value)
        check("get-account-setting", works("get-account-setting", name=name) == {"name": name, "value": value})
    refused("ValidationException", "put-account-setting", name="BLOB_MOUNTING", value="PERHAPS")
    refused("ValidationException", "get-account-setting", name="NO_SETTING")


def templates():
    made = works("create-repository-creation-template", **PREFIX, applied_for=["CREATE_ON_PUSH"])
    check("create-repository-creation-template", made["repositoryCreationTemplate"]["prefix"] == PREFIX["prefix"])
    refused("TemplateAlreadyExistsException", "create-repository-creation-template", **PREFIX, applied_for=["REPLICATION"])
    works("update-repository-creation-template", **PREFIX, description="of pushes")
    refused("TemplateNotFoundException", "update-repository-creation-template", prefix="operations/none", description="x")
    [found] = works("describe-repository-creation-templates", prefixes=[PREFIX["prefix"]])["repositoryCreationTemplates"]
    check("describe-repository-creation-templates shows the update", found["description"] == "of pushes")
    refused("InvalidParameterException", "describe-repository-creation-templates", max_results="1001")
    works("delete-repository-creation-template", **PREFIX)
    refused("TemplateNotFoundException", "delete-repository-creation-template", **PREFIX)


def exclusions(account):
    who = {"principal_arn": f"arn:aws:iam::{account}:user/nobody"}
    works("register-pull-time-update-exclusion", **who)
    refused("ExclusionAlreadyExistsException", "register-pull-time-update-exclusion", **who)
    listed = works("list-pull-time-update-exclusions")["pullTimeUpdateExclusions"]
    check("list-pull-time-update-exclusions", listed == [who["principal_arn"]])
    refused("InvalidParameterException", "list-pull-time-update-exclusions", next_token="no token")
    works("deregister-pull-time-update-exclusion", **who)
    refused("ExclusionNotFoundException", "deregister-pull-time-update-exclusion", **who)
