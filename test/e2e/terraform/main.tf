# What a team has in a registry, twice: phase 2 changes each argument of phase 1.
terraform {
  required_providers { aws = { source = "hashicorp/aws", version = ">= 5.100.0" } }
}
variable "endpoint" {
  type = string
}
variable "phase" {
  type    = number
  default = 1
}
locals { one = var.phase == 1 }
provider "aws" {
  region = "us-east-1"
  endpoints {
    ecr = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
  default_tags { tags = { managed = "terraform" } }
}
resource "aws_ecr_repository" "app" {
  name                 = "tf/app"
  image_tag_mutability = local.one ? "MUTABLE" : "IMMUTABLE"
  force_delete         = true
  image_scanning_configuration { scan_on_push = local.one }
  tags = local.one ? { team = "blue", empty = "" } : { team = "red", more = "1" }
}
resource "aws_ecr_repository" "kms" {
  name = "tf/kms"
  encryption_configuration { encryption_type = "KMS" }
}
data "aws_iam_policy_document" "repo" {
  statement {
    sid     = local.one ? "one" : "two"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.ci.arn]
    }
  }
}
resource "aws_ecr_repository_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy     = data.aws_iam_policy_document.repo.json
}
data "aws_ecr_lifecycle_policy_document" "app" {
  rule {
    priority    = 1
    description = "untagged"
    selection {
      tag_status   = "untagged"
      count_type   = "sinceImagePushed"
      count_unit   = "days"
      count_number = local.one ? 14 : 7
    }
  }
  rule {
    priority = 2
    selection {
      tag_status       = "tagged"
      tag_pattern_list = local.one ? ["v*", "release-*"] : ["v*"]
      count_type       = "imageCountMoreThan"
      count_number     = 30
    }
  }
}
resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy     = data.aws_ecr_lifecycle_policy_document.app.json
}
data "aws_caller_identity" "me" {}
resource "aws_ecr_registry_policy" "all" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = local.one ? "one" : "two", Effect = "Allow",
    Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }, Action = ["ecr:ReplicateImage"],
  Resource = ["arn:aws:ecr:us-east-1:${data.aws_caller_identity.me.account_id}:repository/*"] }] })
}
resource "aws_ecr_repository_creation_template" "made" {
  prefix               = "tf-made"
  description          = local.one ? "made by pushes" : null
  image_tag_mutability = local.one ? "IMMUTABLE" : "MUTABLE"
  applied_for          = local.one ? ["PULL_THROUGH_CACHE", "REPLICATION"] : ["REPLICATION"]
  custom_role_arn      = local.one ? aws_iam_role.ci.arn : null
  encryption_configuration { encryption_type = "AES256" }
  lifecycle_policy  = local.one ? data.aws_ecr_lifecycle_policy_document.app.json : null
  repository_policy = local.one ? data.aws_iam_policy_document.repo.json : null
  resource_tags     = local.one ? { team = "blue" } : { team = "red" }
}
data "aws_ecr_repository_creation_template" "made" {
  prefix = aws_ecr_repository_creation_template.made.prefix
}
resource "aws_ecr_account_setting" "scan" {
  name  = "BASIC_SCAN_TYPE_VERSION"
  value = local.one ? "CLAIR" : "AWS_NATIVE"
}
resource "aws_ecr_account_setting" "scope" {
  name  = "REGISTRY_POLICY_SCOPE"
  value = "V2"
}
data "aws_ecr_repository" "app" {
  name = aws_ecr_repository.app.name
}
data "aws_ecr_repositories" "all" { depends_on = [aws_ecr_repository.app] }
data "aws_ecr_authorization_token" "password" {}
resource "aws_iam_role" "ci" {
  name                 = "tf-role"
  path                 = "/ci/"
  description          = local.one ? "one" : ""
  max_session_duration = local.one ? 3600 : 7200
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity",
    Principal = { Federated = aws_iam_openid_connect_provider.issuer.arn },
  Condition = { StringEquals = { "oidc.example.com:aud" = local.one ? "sts.amazonaws.com" : "berth" } } }] })
  permissions_boundary = local.one ? aws_iam_policy.pull.arn : null
  tags                 = local.one ? { team = "blue", empty = "" } : { team = "red" }
}
resource "aws_iam_role_policy" "ci" {
  name   = "inline"
  role   = aws_iam_role.ci.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = local.one ? "ecr:*" : "ecr:Get*", Resource = "*" }] })
}
resource "aws_iam_role_policy_attachment" "ci" {
  role       = aws_iam_role.ci.name
  policy_arn = aws_iam_policy.pull.arn
}
resource "aws_iam_instance_profile" "ci" {
  name = "tf-profile"
  role = aws_iam_role.ci.name
  tags = { team = local.one ? "blue" : "red" }
}
resource "aws_iam_policy" "pull" {
  name   = "tf-policy"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = local.one ? "ecr:*" : "ecr:Get*", Resource = "*" }] })
  tags   = local.one ? { team = "blue" } : { team = "red", more = "" }
}
resource "aws_iam_user" "robot" {
  name                 = "tf-user"
  force_destroy        = true
  permissions_boundary = local.one ? null : aws_iam_policy.pull.arn
  tags                 = local.one ? { team = "blue" } : { team = "red" }
}
resource "aws_iam_user_policy" "robot" {
  name   = "inline"
  user   = aws_iam_user.robot.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "ecr:*", Resource = "*" }] })
}
resource "aws_iam_access_key" "robot" {
  user   = aws_iam_user.robot.name
  status = local.one ? "Active" : "Inactive"
}
resource "aws_iam_group" "robots" { name = "tf-group" }
resource "aws_iam_user_group_membership" "robots" {
  user   = aws_iam_user.robot.name
  groups = [aws_iam_group.robots.name]
}
resource "aws_iam_openid_connect_provider" "issuer" {
  url             = "https://oidc.example.com"
  client_id_list  = local.one ? ["sts.amazonaws.com"] : ["sts.amazonaws.com", "berth"]
  thumbprint_list = [local.one ? "cf23df2207d99a74fbe169e3eba035e633b65d94" : "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
  tags            = local.one ? { team = "blue" } : { team = "red" }
}
