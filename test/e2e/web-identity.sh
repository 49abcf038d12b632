# Sourced by access.sh, whose functions and variables it uses: a role for CI, logged in to by tokens of an OIDC issuer.

# CI without a secret: tokens of an issuer, for the main branch of one project alone, as GitHub Actions has them.
coproc ISSUER { exec node_modules/.bin/node test/e2e/oidc-issuer.ts; }
read -r issuer <&"${ISSUER[0]}"
token_of() { # BRANCH [AUDIENCE]: sets TOKEN, and writes it where runners of CI systems find it
  jq -nc --arg branch "$1" --arg aud "${2:-sts.amazonaws.com}" \
    '{sub: "repo:acme/app:ref:refs/heads/\($branch)", $aud, repository: "acme/app"}' >&"${ISSUER[1]}"
  read -r TOKEN <&"${ISSUER[0]}"
  printf '%s' "$TOKEN" > "$work/token"
}
assume() { aws sts assume-role-with-web-identity --role-arn "$role" --role-session-name run-1 --web-identity-token "$TOKEN" "$@"; }
example() { # FILE: one of policies/examples, for this account, issuer and project
  sed -e "s/123456789012/$account/; s#token.actions.githubusercontent.com#${issuer#*//}#; s#repo:example/#repo:acme/#" \
    "policies/examples/$1" > "$work/$1"
}
as "$REG_USER" "$REG_PASS"
example ci-push-role.json
example ci-push-role.trust.json
role=arn:aws:iam::$account:role/github
ok "ecr create-repository for CI" aws ecr create-repository --repository-name apps/app
ok "iam create-open-id-connect-provider" aws iam create-open-id-connect-provider --url "$issuer" --client-id-list sts.amazonaws.com
ok "iam create-role with a web identity" aws iam create-role --role-name github \
  --assume-role-policy-document "file://$work/ci-push-role.trust.json"
ok "iam put-role-policy" aws iam put-role-policy --role-name github --policy-name push --policy-document "file://$work/ci-push-role.json"

unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
docker logout "$REGISTRY" > /dev/null
token_of feature
refused "sts assume-role-with-web-identity, another branch" \
  "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity" assume
token_of main another-service
refused "sts assume-role-with-web-identity, another audience" "Incorrect token audience" assume
token_of main
ok "sts assume-role-with-web-identity" assume
session=$(assume --output json)
as "$(jq -r .Credentials.AccessKeyId <<< "$session")" "$(jq -r .Credentials.SecretAccessKey <<< "$session")" \
  "$(jq -r .Credentials.SessionToken <<< "$session")"
ok "docker login from a token of the issuer" login
image apps/app:1 > /dev/null
ok "docker push from a token of the issuer" docker push "$REGISTRY/apps/app:1"
refused "docker push where the role may not" "is not authorized to perform: ecr:" docker push "$REGISTRY/team/app:2"

# The same without a step of one's own: the environment that CI systems set.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
docker logout "$REGISTRY" > /dev/null
ci() { HOME=$work/home AWS_ROLE_ARN=$role AWS_ROLE_SESSION_NAME=run-2 AWS_WEB_IDENTITY_TOKEN_FILE=$work/token "$@"; }
caller() { [ "$(ci aws sts get-caller-identity --query Arn --output text)" = "arn:aws:sts::$account:assumed-role/github/run-2" ]; }
ok "AWS_WEB_IDENTITY_TOKEN_FILE: sts get-caller-identity" caller
ci_login() { ci aws ecr get-login-password | docker login -u AWS --password-stdin "$REGISTRY"; }
ok "AWS_WEB_IDENTITY_TOKEN_FILE: docker login" ci_login
image apps/app:2 > /dev/null
ok "AWS_WEB_IDENTITY_TOKEN_FILE: docker push" docker push "$REGISTRY/apps/app:2"
docker logout "$REGISTRY" > /dev/null

# And without a login: docker asks the credential helper.
mkdir -p "$work/bin" "$work/helper"
printf '#!/bin/sh\nexec node %q "$@"\n' "$PWD/src/cli/helper/docker-credential-berth.js" > "$work/bin/docker-credential-berth"
chmod +x "$work/bin/docker-credential-berth"
printf '{"credHelpers":{"%s":"berth"}}' "$REGISTRY" > "$work/helper/config.json"
helped() { PATH=$work/bin:$PATH DOCKER_CONFIG=$work/helper ci "$@"; }
image apps/app:3 > /dev/null
ok "docker-credential-berth with a web identity: docker push" helped docker push "$REGISTRY/apps/app:3"
docker rmi -f "$REGISTRY/apps/app:3" > /dev/null
ok "docker-credential-berth with a web identity: docker pull" helped docker pull "$REGISTRY/apps/app:3"
token_of feature
refused "docker-credential-berth, another branch" "Not authorized to perform sts:AssumeRoleWithWebIdentity" \
  helped docker-credential-berth get <<< "$REGISTRY"
refused "docker pull by the helper, another branch" "no basic auth credentials" helped docker pull "$REGISTRY/apps/app:3"
refused "AWS_WEB_IDENTITY_TOKEN_FILE, another branch" "Not authorized to perform sts:AssumeRoleWithWebIdentity" \
  ci env HOME="$work/elsewhere" aws ecr get-login-password
exec {ISSUER[1]}>&-
