"""Every operation of the ECR API that Berth has, and for each an error that it names, by the real `aws ecr`.

Needs the Python of the AWS CLI, and AWS_ENDPOINT_URL and AWS_… of the administrator. Prints a line per check.
"""

import json
import re

import aws_cli
import images
import lifecycle
import pages
import registry
import repositories
from aws_cli import check

account = json.loads(aws_cli.aws("sts", "get-caller-identity", "--output", "json")[1])["Account"]
arn = repositories.made()
repositories.tagged(arn)
repositories.set_up()
repositories.policies(account)
config, layer = images.layers()
made = images.images(config, layer)
images.downloaded(layer)
images.read(*made)
lifecycle.policies()
lifecycle.preview()
images.removed(*made[:2])
registry.token()
registry.described(account)
registry.policy(account)
registry.settings()
registry.templates()
registry.exclusions(account)
pages.pages()
pages.previewed()
repositories.deleted()

with open("docs/ecr-api.md", encoding="utf-8") as document:
    working = re.findall(r"^\| `(\w+)` \| works \|$", document.read(), re.MULTILINE)
commands = {re.sub(r"(?<!^)(?=[A-Z])", "-", operation).lower() for operation in working}
check(f"each of {len(commands)} operations worked", not (left := commands - aws_cli.worked.keys()) or print(left))
check(f"each of {len(commands)} operations named an error", not (left := commands - aws_cli.named.keys()) or print(left))
aws_cli.summary()
