"""What goes over pages is the same by pages of any size."""

import json

from aws_cli import check, ecr, works
from images import CONFIG, MANIFEST, digest_of
from lifecycle import complete

REPOSITORY = {"repository_name": "operations/pages"}
COUNT = 16
EACH = {"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "imageCountMoreThan", "countNumber": 1}
POLICY = json.dumps({"rules": [{"rulePriority": 1, "selection": EACH, "action": {"type": "expire"}}]})
BLOB = b'{"architecture":"amd64","os":"linux"}'


def filled():
    """Digest of an image with COUNT referrers."""
    works("create-repository", **REPOSITORY)
    upload = works("initiate-layer-upload", **REPOSITORY)["uploadId"]
    last = str(len(BLOB) - 1)
    part = {"part_first_byte": "0", "part_last_byte": last, "layer_part_blob": BLOB}
    works("upload-layer-part", **REPOSITORY, upload_id=upload, **part)
    works("complete-layer-upload", **REPOSITORY, upload_id=upload, layer_digests=[digest_of(BLOB)])
    config = {"mediaType": CONFIG, "digest": digest_of(BLOB), "size": len(BLOB)}
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    texts = [json.dumps({**body, "annotations": {"number": str(number)}}) for number in range(COUNT)]
    subject = {"mediaType": MANIFEST, "digest": digest_of(texts[0]), "size": len(texts[0])}
    for number, text in enumerate(texts):
        signature = json.dumps({**json.loads(text), "subject": subject})
        ecr("put-image", **REPOSITORY, image_manifest=text, image_tag=f"v{number}")
        ecr("put-image", **REPOSITORY, image_manifest=signature)
        ecr("create-repository", repository_name=f"operations/page-{number}")
        ecr("create-repository-creation-template", prefix=f"operations/page-{number}", applied_for=["REPLICATION"])
    return subject["digest"]


def alike(command, result, sizes=(1, 7, 1000), **members):
    """The paginator of `command` finds the same, each once, by pages of any of the sizes."""
    found = [works(command, **members, page_size=str(size))[result] for size in sizes]
    keys = [json.dumps(each, sort_keys=True) for each in found[0]]
    check(f"{command} by pages of {sizes}: {len(keys)}", len(set(keys)) == len(keys) >= COUNT - 1)
    check(f"{command} finds the same by pages of any size", all(each == found[0] for each in found))
    part = works(command, **members, max_items="3")
    rest = works(command, **members, starting_token=part["NextToken"])
    check(f"{command} goes on where --max-items ended", part[result] + rest[result] == found[0])


def by_hand(command, result, size, **members):
    """All pages of what has no paginator."""
    found, token = [], {}
    while True:
        page = works(command, **members, max_results=str(size), **token)
        found.append(page[result])
        if "nextToken" not in page:
            return found
        token = {"next_token": page["nextToken"]}


def pages():
    subject = filled()
    alike("describe-images", "imageDetails", **REPOSITORY)
    alike("list-images", "imageIds", **REPOSITORY)
    alike("describe-repositories", "repositories")
    alike("describe-repository-creation-templates", "repositoryCreationTemplates")
    of = {**REPOSITORY, "subject_id": {"imageDigest": subject}}
    small, large = (by_hand("list-image-referrers", "referrers", size, **of) for size in (7, 50))
    check("list-image-referrers by pages of 7", [len(page) for page in small] == [7, 7, 2])
    check("list-image-referrers finds the same by pages of 50", sum(small, []) == sum(large, []))



def previewed():
    """A preview has pages of at most 100."""
    complete(REPOSITORY, POLICY)
    alike("get-lifecycle-policy-preview", "previewResults", sizes=(1, 7, 100), **REPOSITORY)
