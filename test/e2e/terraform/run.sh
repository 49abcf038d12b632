#!/usr/bin/env bash
# Terraform's provider for AWS against Berth: made, changed in each argument, planned again without a difference, imported,
# destroyed, twice. By hand, since no registry of packages that .ci/run downloads from has Terraform or its providers.
#   run.sh           needs: terraform; hashicorp/aws where TF_CLI_CONFIG_FILE says, else it is downloaded
# Prints a line per check and ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../../.."
. .ci/start-berth
start_berth embedded
. test/e2e/checks.sh
trap 'stop_berth; rm -rf "$work"' EXIT
as "$REG_USER" "$REG_PASS"
account=000000000000
cp test/e2e/terraform/main.tf "$work"
export TF_IN_AUTOMATION=1 TF_INPUT=0 TF_VAR_endpoint=http://$REGISTRY
terraform() { command terraform "-chdir=$work" "$@"; }
apply() { terraform apply -no-color -auto-approve -var "phase=$1"; }
unchanged() { terraform plan -no-color -detailed-exitcode -var "phase=$1"; }
imports() { # KEY: blocks that import what phase 1 made
  local to id
  while read -r to id; do printf 'import {\n  to = %s\n  id = "%s"\n}\n' "$to" "$id"; done << END
aws_ecr_repository.app tf/app
aws_ecr_repository.kms tf/kms
aws_ecr_repository_policy.app tf/app
aws_ecr_lifecycle_policy.app tf/app
aws_ecr_registry_policy.all $account
aws_ecr_repository_creation_template.made tf-made
aws_ecr_account_setting.scan BASIC_SCAN_TYPE_VERSION
aws_ecr_account_setting.scope REGISTRY_POLICY_SCOPE
aws_iam_role.ci tf-role
aws_iam_role_policy.ci tf-role:inline
aws_iam_role_policy_attachment.ci tf-role/arn:aws:iam::$account:policy/tf-policy
aws_iam_instance_profile.ci tf-profile
aws_iam_policy.pull arn:aws:iam::$account:policy/tf-policy
aws_iam_user.robot tf-user
aws_iam_user_policy.robot tf-user:inline
aws_iam_access_key.robot $1
aws_iam_group.robots tf-group
aws_iam_openid_connect_provider.issuer arn:aws:iam::$account:oidc-provider/oidc.example.com
END
}

ok "init" terraform init -no-color
for round in first second; do
  for phase in 1 2; do
    ok "the $round time, phase $phase: apply" apply "$phase"
    ok "the $round time, phase $phase: a plan without a difference" unchanged "$phase"
  done
  ok "the $round time: destroy" terraform destroy -no-color -auto-approve -var phase=2
done
ok "apply once more" apply 1
imports "$(jq -r '.resources[] | select(.type == "aws_iam_access_key").instances[0].attributes.id' "$work/terraform.tfstate")" > "$work/imports.tf"
rm "$work"/terraform.tfstate*
ok "import" apply 1
ok "a plan after the import without a difference" unchanged 1
ok "destroy what was imported" terraform destroy -no-color -auto-approve
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
