"""Repositories, their tags, settings and policies."""

import json

from aws_cli import check, refused, works

NAME = "operations/app"
KEEP = "operations/keep"
NOBODY = {"repository_name": "operations/nobody"}
APP = {"repository_name": NAME}
WILDCARD = [{"filterType": "WILDCARD", "filter": "dev-*"}]
TOO_MANY = [{"Key": f"key-{number}", "Value": "x"} for number in range(51)]
RESERVED = [{"Key": "aws:team", "Value": "x"}]


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


def made():
    made = works("create-repository", **APP, tags=[{"Key": "team", "Value": "blue"}])["repository"]
    works("create-repository", repository_name=KEEP, encryption_configuration={"encryptionType": "KMS"})
    refused("RepositoryAlreadyExistsException", "create-repository", **APP)
    refused("InvalidParameterException", "create-repository", repository_name="Not/A/Name")
    refused("TooManyTagsException", "create-repository", **NOBODY, tags=TOO_MANY)
    refused("InvalidTagParameterException", "create-repository", **NOBODY, tags=RESERVED)
    refused(
        "KmsException",
        "create-repository",
        **NOBODY,
        encryption_configuration={"encryptionType": "KMS", "kmsKey": "no key"},
    )
    found = works("describe-repositories", repository_names=[NAME])["repositories"]
    check("describe-repositories shows what create-repository answered", found == [made])
    refused("RepositoryNotFoundException", "describe-repositories", repository_names=["operations/nobody"])
    refused("InvalidParameterException", "describe-repositories", max_results="1001")
    return made["repositoryArn"]


def tagged(arn):
    nobody = {"resource_arn": arn.replace(NAME, "operations/nobody")}
    works("tag-resource", resource_arn=arn, tags=[{"Key": "empty", "Value": ""}])
    refused("RepositoryNotFoundException", "tag-resource", **nobody, tags=[{"Key": "a", "Value": "b"}])
    refused("InvalidTagParameterException", "tag-resource", resource_arn=arn, tags=RESERVED)
    refused("TooManyTagsException", "tag-resource", resource_arn=arn, tags=TOO_MANY)
    works("untag-resource", resource_arn=arn, tag_keys=["team"])
    refused("RepositoryNotFoundException", "untag-resource", **nobody, tag_keys=["team"])
    tags = works("list-tags-for-resource", resource_arn=arn)["tags"]
    check("list-tags-for-resource shows what is left", tags == [{"Key": "empty", "Value": ""}])
    refused("RepositoryNotFoundException", "list-tags-for-resource", **nobody)
    refused("InvalidParameterException", "list-tags-for-resource", resource_arn="no arn")


def set_up():
    works("put-image-scanning-configuration", **APP, image_scanning_configuration={"scanOnPush": True})
    refused(
        "RepositoryNotFoundException",
        "put-image-scanning-configuration",
        **NOBODY,
        image_scanning_configuration={"scanOnPush": True},
    )
    filters = {"image_tag_mutability_exclusion_filters": WILDCARD}
    works("put-image-tag-mutability", **APP, image_tag_mutability="IMMUTABLE_WITH_EXCLUSION", **filters)
    refused("InvalidParameterException", "put-image-tag-mutability", **APP, image_tag_mutability="IMMUTABLE", **filters)
    refused("RepositoryNotFoundException", "put-image-tag-mutability", **NOBODY, image_tag_mutability="IMMUTABLE")
    [found] = works("describe-repositories", repository_names=[NAME])["repositories"]
    check("describe-repositories shows the exclusions", found["imageTagMutabilityExclusionFilters"] == WILDCARD)
    check("describe-repositories shows scanOnPush", found["imageScanningConfiguration"] == {"scanOnPush": True})


def policies(account):
    text = statement(Principal={"AWS": f"arn:aws:iam::{account}:root"}, Action=["ecr:BatchGetImage"])
    refused("RepositoryPolicyNotFoundException", "get-repository-policy", **APP)
    refused("RepositoryPolicyNotFoundException", "delete-repository-policy", **APP)
    works("set-repository-policy", **APP, policy_text=text)
    refused("InvalidParameterException", "set-repository-policy", **APP, policy_text="no policy")
    refused("RepositoryNotFoundException", "set-repository-policy", **NOBODY, policy_text=text)
    found = works("get-repository-policy", **APP)["policyText"]
    check("get-repository-policy gives back what was set", json.loads(found) == json.loads(text))
    refused("RepositoryNotFoundException", "get-repository-policy", **NOBODY)
    works("delete-repository-policy", **APP)
    refused("RepositoryNotFoundException", "delete-repository-policy", **NOBODY)


def deleted():
    refused("RepositoryNotFoundException", "delete-repository", **NOBODY)
    refused("RepositoryNotEmptyException", "delete-repository", **APP)
    works("delete-repository", **APP, force=True)
    works("delete-repository", repository_name=KEEP)
    refused("RepositoryNotFoundException", "describe-repositories", repository_names=[NAME])
