"""What a program does with boto3: endpoint override alone, typed errors, pages. Prints a line per check."""

import base64
import os
import sys

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
failed = 0
passed = 0


def check(name, holds):
    global failed, passed
    print(("ok    " if holds else "FAIL  ") + name)
    passed += bool(holds)
    failed += not holds


def client(service, key=None):
    more = {} if key is None else dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), key))
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="us-east-1", **more)


def code_of(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "none"


sts, iam, ecr = client("sts"), client("iam"), client("ecr")
account = sts.get_caller_identity()["Account"]
check("sts get_caller_identity", len(account) == 12)

iam.create_user(UserName="boto", Tags=[{"Key": "team", "Value": "red"}])
key = iam.create_access_key(UserName="boto")["AccessKey"]
check("iam get_user", iam.get_user(UserName="boto")["User"]["Tags"] == [{"Key": "team", "Value": "red"}])
for number in range(3):
    iam.create_group(GroupName=f"boto-{number}")
pages = iam.get_paginator("list_groups").paginate(PaginationConfig={"PageSize": 1})
names = [group["GroupName"] for page in pages for group in page["Groups"]]
check("iam list_groups by pages", [name for name in names if name.startswith("boto-")] == ["boto-0", "boto-1", "boto-2"])
try:
    iam.create_user(UserName="boto")
    check("iam EntityAlreadyExistsException", False)
except iam.exceptions.EntityAlreadyExistsException:
    check("iam EntityAlreadyExistsException", True)

made = ecr.create_repository(repositoryName="sdk/boto", imageTagMutability="IMMUTABLE")["repository"]
check("ecr create_repository", made["repositoryArn"].endswith(":repository/sdk/boto"))
found = ecr.get_paginator("describe_repositories").paginate(repositoryNames=["sdk/boto"])
check("ecr describe_repositories", [r["createdAt"] for page in found for r in page["repositories"]] == [made["createdAt"]])
try:
    ecr.describe_repositories(repositoryNames=["no/such"])
    check("ecr RepositoryNotFoundException", False)
except ecr.exceptions.RepositoryNotFoundException as error:
    check("ecr RepositoryNotFoundException", "no/such" in str(error))
token = ecr.get_authorization_token()["authorizationData"][0]
check("ecr get_authorization_token", base64.b64decode(token["authorizationToken"]).startswith(b"AWS:"))

theirs = (key["AccessKeyId"], key["SecretAccessKey"])
check("a user without policies is denied", code_of(client("ecr", theirs).get_authorization_token) == "AccessDeniedException")
check("a wrong secret", code_of(client("ecr", (theirs[0], "wrong")).describe_repositories) == "InvalidSignatureException")
check("an unknown key", code_of(client("sts", ("AKIAUNKNOWN", "x")).get_caller_identity) == "InvalidClientTokenId")
session = client("sts", theirs).get_session_token()["Credentials"]
temporary = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
check("sts get_session_token", client("sts", temporary).get_caller_identity()["Arn"].endswith(":user/boto"))

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
