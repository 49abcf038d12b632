#!/usr/bin/env bash
# A day with ECR, by docker and the AWS command line: what one pushes, the other describes, retags, judges and deletes.
#   ecr.sh           needs: aws (version 1 or 2), docker with a daemon, jq, curl; REGISTRY (host:port), REG_USER and REG_PASS
#                    of the administrator.
# Prints a line per check and ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
. test/e2e/checks.sh
as "$REG_USER" "$REG_PASS"
account=$(aws sts get-caller-identity --query Account --output text)
repository=day/app
arn=arn:aws:ecr:us-east-1:$account:repository/$repository
app=(--repository-name "$repository")
query() { aws ecr "$1" "${app[@]}" --output text --query "${@:2}"; }
described() { query describe-images "imageDetails[0].$2" --image-ids "imageTag=$1"; }
digest_of() { docker image inspect --format '{{index .RepoDigests 0}}' "$REGISTRY/$repository:$1" | sed 's/.*@//'; }
pushed() { image "$repository:$1" > /dev/null && docker push "$REGISTRY/$repository:$1"; }

ok "docker login" login
says "create-repository" "$REGISTRY/$repository" aws ecr create-repository "${app[@]}" --tags Key=team,Value=red \
  --image-scanning-configuration scanOnPush=false --output text --query repository.repositoryUri
for tag in 1 2 dev-1; do ok "docker push $tag" pushed "$tag"; done
digest=$(digest_of 1)
says "describe-images: the digest that docker was told" "$digest" described 1 imageDigest
says "describe-images: the tags" "1" described 1 'imageTags[]'
says "list-images" "1 2 dev-1" sh -c "aws ecr list-images ${app[*]} --output text --query 'sort(imageIds[].imageTag)' | tr '\t' ' '"

# A tag is put on an image as AWS tells it to: what batch-get-image says goes into put-image as it is.
manifest=$(query batch-get-image 'images[0].imageManifest' --image-ids imageTag=1)
says "put-image gives a second tag" "$digest" query put-image image.imageId.imageDigest --image-tag stable --image-manifest "$manifest"
refused "put-image of what is there" ImageAlreadyExistsException aws ecr put-image "${app[@]}" --image-tag stable --image-manifest "$manifest"
ok "docker pull the second tag" docker pull "$REGISTRY/$repository:stable"
says "docker pulls the same image" "$digest" digest_of stable
layer=$(jq -r '.layers[0].digest' <<< "$manifest")
url=$(query get-download-url-for-layer downloadUrl --layer-digest "$layer")
says "get-download-url-for-layer, by curl" "${layer#sha256:}" sh -c "curl -fsS '$url' | sha256sum | cut -d' ' -f1"

ok "tag-resource" aws ecr tag-resource --resource-arn "$arn" --tags Key=stage,Value=test
ok "untag-resource" aws ecr untag-resource --resource-arn "$arn" --tag-keys team
says "list-tags-for-resource" "stage test" sh -c "aws ecr list-tags-for-resource --resource-arn $arn --output text --query 'tags[].[Key,Value]' | tr '\t' ' '"

cat > "$work/policy.json" << JSON
{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$account:root"},
 "Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}
JSON
refused "get-repository-policy before there is one" RepositoryPolicyNotFoundException aws ecr get-repository-policy "${app[@]}"
ok "set-repository-policy" aws ecr set-repository-policy "${app[@]}" --policy-text "file://$work/policy.json"
says "get-repository-policy" pull sh -c "aws ecr get-repository-policy ${app[*]} --output text --query policyText | jq -r '.Statement[].Sid'"

ok "put-image-tag-mutability" aws ecr put-image-tag-mutability "${app[@]}" --image-tag-mutability IMMUTABLE_WITH_EXCLUSION \
  --image-tag-mutability-exclusion-filters 'filterType=WILDCARD,filter=dev-*'
refused "docker push to a tag that is immutable" immutable pushed 1
ok "docker push to a tag that is an exclusion" pushed dev-1
refused "put-image to a tag that is immutable" ImageTagAlreadyExistsException aws ecr put-image "${app[@]}" --image-tag 2 --image-manifest "$manifest"

cat > "$work/lifecycle.json" << 'JSON'
{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}},
 {"rulePriority":2,"selection":{"tagStatus":"tagged","tagPatternList":["*"],"countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}
JSON
ok "start-lifecycle-policy-preview" aws ecr start-lifecycle-policy-preview "${app[@]}" --lifecycle-policy-text "file://$work/lifecycle.json"
ok "wait lifecycle-policy-preview-complete" aws ecr wait lifecycle-policy-preview-complete "${app[@]}"
says "get-lifecycle-policy-preview: what would go, and why" "$digest 2" sh -c \
  "aws ecr get-lifecycle-policy-preview ${app[*]} --output text --query 'previewResults[].[imageDigest,appliedRulePriority]' | tr '\t' ' '"
says "the preview deletes nothing" "$digest" described 1 imageDigest
sed 's/"countNumber":[12]/"countNumber":100/' "$work/lifecycle.json" > "$work/kept.json"
ok "put-lifecycle-policy" aws ecr put-lifecycle-policy "${app[@]}" --lifecycle-policy-text "file://$work/kept.json"
says "get-lifecycle-policy" "1 2" sh -c "aws ecr get-lifecycle-policy ${app[*]} --output text --query lifecyclePolicyText | jq -r '[.rules[].rulePriority]|join(\" \")'"

says "batch-delete-image takes a tag away" "" query batch-delete-image 'failures[]' --image-ids imageTag=stable
ok "docker pull by the other tag" docker pull "$REGISTRY/$repository:1"
says "batch-delete-image deletes the image" "" query batch-delete-image 'failures[]' --image-ids "imageDigest=$digest"
refused "docker pull of what is deleted" "not found" docker pull "$REGISTRY/$repository:1"
refused "describe-images of what is deleted" ImageNotFoundException described 1 imageDigest

./berth events "$REGISTRY" --json > "$work/events"
for event in 'CreateRepository' 'PUSH 1' 'PUSH stable' 'TagResource' 'SetRepositoryPolicy' 'PutImageTagMutability' \
  'PutLifecyclePolicy' 'DELETE stable' 'DELETE 1'; do
  ok "berth events: $event" sh -c "jq -r '[.detail.eventName // .detail[\"action-type\"], .detail[\"image-tag\"] // empty] | join(\" \")' '$work/events' | grep -qx '$event'"
done

refused "delete-repository while there are images" RepositoryNotEmptyException aws ecr delete-repository "${app[@]}"
ok "delete-repository --force" aws ecr delete-repository "${app[@]}" --force
refused "describe-repositories afterwards" RepositoryNotFoundException aws ecr describe-repositories --repository-names "$repository"
refused "docker pull afterwards" "not found" docker pull "$REGISTRY/$repository:2"
summary
