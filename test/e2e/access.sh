#!/usr/bin/env bash
# The first hour of a platform team, with the tools that it knows: accounts, users, roles, policies and logins.
#   access.sh        needs: aws, docker with a daemon, jq, openssl; REGISTRY (host:port), REG_USER and REG_PASS of the
#                    administrator, and the BERTH_… environment of the server, for `berth account`.
#                    Berth must run on this machine: the OIDC issuer of web-identity.sh is on its loopback interface.
# Prints a line per check and ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
. test/e2e/checks.sh
key_of() { # USER: sets KEY and SECRET to a new access key
  local made
  made=$(aws iam create-access-key --user-name "$1" --output json)
  KEY=$(jq -r .AccessKey.AccessKeyId <<< "$made") SECRET=$(jq -r .AccessKey.SecretAccessKey <<< "$made")
}

as "$REG_USER" "$REG_PASS"
account=$(aws sts get-caller-identity --query Account --output text)

# A user that may only read.
ok "iam create-user" aws iam create-user --user-name reader
ok "iam attach-user-policy" aws iam attach-user-policy --user-name reader \
  --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly
key_of reader && reader=("$KEY" "$SECRET")

# A role for CI, assumed by a user that may do nothing else.
ok "iam create-user of CI" aws iam create-user --user-name ci
key_of ci && ci=("$KEY" "$SECRET")
cat > "$work/trust.json" << JSON
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$account:user/ci"},"Action":"sts:AssumeRole"}]}
JSON
ok "iam create-role" aws iam create-role --role-name push --assume-role-policy-document "file://$work/trust.json"
ok "iam attach-role-policy" aws iam attach-role-policy --role-name push \
  --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser
ok "ecr create-repository" aws ecr create-repository --repository-name team/app
refused "ecr create-repository again" RepositoryAlreadyExistsException aws ecr create-repository --repository-name team/app

as "${ci[@]}"
session=$(aws sts assume-role --role-arn "arn:aws:iam::$account:role/push" --role-session-name build --output json)
as "$(jq -r .Credentials.AccessKeyId <<< "$session")" "$(jq -r .Credentials.SecretAccessKey <<< "$session")" \
  "$(jq -r .Credentials.SessionToken <<< "$session")"
ok "get-login-password | docker login, as the role" login
image team/app:1 > /dev/null
ok "docker push as the role" docker push "$REGISTRY/team/app:1"
refused "the role may not delete the repository" "is not authorized to perform: ecr:DeleteRepository" \
  aws ecr delete-repository --repository-name team/app --force

as "${reader[@]}"
ok "docker login as the reader" login
ok "docker pull as the reader" docker pull "$REGISTRY/team/app:1"
image team/app:2 > /dev/null
refused "docker push as the reader, in AWS's words" "is not authorized to perform: ecr:" docker push "$REGISTRY/team/app:2"

# A session policy narrows what the role may do.
as "${ci[@]}"
cat > "$work/session.json" << JSON
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Resource":"*"}]}
JSON
session=$(aws sts assume-role --role-arn "arn:aws:iam::$account:role/push" --role-session-name narrow \
  --policy "file://$work/session.json" --output json)
as "$(jq -r .Credentials.AccessKeyId <<< "$session")" "$(jq -r .Credentials.SecretAccessKey <<< "$session")" \
  "$(jq -r .Credentials.SessionToken <<< "$session")"
ok "docker login with a session policy" login
ok "docker pull with a session policy" docker pull "$REGISTRY/team/app:1"
refused "docker push with a session policy" "no session policy allows" docker push "$REGISTRY/team/app:2"

# Another account: shared by a repository policy, and taken back.
other=$(./berth account create 444455556666 --name other)
other_root=("$(jq -r .accessKeyId <<< "$other")" "$(jq -r .secretAccessKey <<< "$other")")
as "${other_root[@]}"
ok "the other account's root" sh -c 'aws sts get-caller-identity --output text | grep -q 444455556666'
ok "docker login as the other account" login
refused "docker pull before it is shared" "denied" docker pull "$REGISTRY/team/app:1"
as "$REG_USER" "$REG_PASS"
cat > "$work/share.json" << 'JSON'
{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},
 "Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"]}]}
JSON
ok "ecr set-repository-policy" aws ecr set-repository-policy --repository-name team/app --policy-text "file://$work/share.json"
docker rmi -f "$REGISTRY/team/app:1" > /dev/null 2>&1
sleep 1
ok "docker pull when it is shared" docker pull "$REGISTRY/team/app:1"
ok "ecr delete-repository-policy" aws ecr delete-repository-policy --repository-name team/app
docker rmi -f "$REGISTRY/team/app:1" > /dev/null 2>&1
sleep 1
refused "docker pull within a second after it was taken back" "denied" docker pull "$REGISTRY/team/app:1"

# What ends a credential ends its tokens.
ok "docker login as the reader again" sh -c "AWS_ACCESS_KEY_ID=${reader[0]} AWS_SECRET_ACCESS_KEY=${reader[1]} aws ecr get-login-password | docker login -u AWS --password-stdin $REGISTRY"
ok "iam update-access-key --status Inactive" aws iam update-access-key --user-name reader --access-key-id "${reader[0]}" --status Inactive
sleep 1
refused "docker pull with a token of a disabled key" "unauthorized" docker pull "$REGISTRY/team/app:1"
refused "aws with a disabled key" "UnrecognizedClientException" \
  env AWS_ACCESS_KEY_ID="${reader[0]}" AWS_SECRET_ACCESS_KEY="${reader[1]}" aws ecr describe-repositories
refused "aws with a wrong secret" "InvalidSignatureException" \
  env AWS_ACCESS_KEY_ID="${ci[0]}" AWS_SECRET_ACCESS_KEY=wrong aws ecr describe-repositories
ok "iam simulate-principal-policy" sh -c "aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::$account:role/push --action-names ecr:PutImage ecr:DeleteRepository --output text --query 'EvaluationResults[].EvalDecision' | grep -q 'allowed.*implicitDeny'"

. test/e2e/web-identity.sh

summary
