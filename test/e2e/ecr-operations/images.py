"""Layers by parts, images of them, indexes, referrers, and how they go."""

import hashlib
import json
import os
import urllib.request

from aws_cli import check, refused, works
from repositories import APP, NOBODY

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
PART = 5 * 1024 * 1024
NOT_THERE = "sha256:" + "0" * 64
NO_UPLOAD = "00000000-0000-4000-8000-000000000000"


def digest_of(content):
    return "sha256:" + hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


def part(upload, first, content):
    at = {"part_first_byte": str(first), "part_last_byte": str(first + len(content) - 1)}
    return {"upload_id": upload, **at, "layer_part_blob": content}


def begun():
    return works("initiate-layer-upload", **APP).get("uploadId", NO_UPLOAD)


def uploaded(*parts):
    upload, first = begun(), 0
    for content in parts:
        works("upload-layer-part", **APP, **part(upload, first, content))
        first += len(content)
    digest = digest_of(b"".join(parts))
    made = works("complete-layer-upload", **APP, upload_id=upload, layer_digests=[digest])
    check("complete-layer-upload answers the digest", made.get("layerDigest") == digest)
    return {"digest": digest, "size": first}


def layers():
    layer = uploaded(os.urandom(PART), b"and the rest")
    config = uploaded(json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}).encode())
    refused("RepositoryNotFoundException", "initiate-layer-upload", **NOBODY)
    refused("UploadNotFoundException", "upload-layer-part", **APP, **part(NO_UPLOAD, 0, b"x"))
    refused("RepositoryNotFoundException", "upload-layer-part", **NOBODY, **part(NO_UPLOAD, 0, b"x"))
    upload = begun()
    refused("InvalidLayerPartException", "upload-layer-part", **APP, **part(upload, 7, b"x"))
    refused("EmptyUploadException", "complete-layer-upload", **APP, upload_id=upload, layer_digests=[NOT_THERE])
    works("upload-layer-part", **APP, **part(upload, 0, b"short"))
    refused("InvalidLayerException", "complete-layer-upload", **APP, upload_id=upload, layer_digests=[NOT_THERE])
    upload = begun()
    works("upload-layer-part", **APP, **part(upload, 0, b"short"))
    works("upload-layer-part", **APP, **part(upload, 5, b"shorter"))
    short = {"upload_id": upload, "layer_digests": [digest_of(b"shortshorter")]}
    refused("LayerPartTooSmallException", "complete-layer-upload", **APP, **short)
    again = begun()
    works("upload-layer-part", **APP, **part(again, 0, b"twice"))
    uploaded(b"twice")
    twice = {"upload_id": again, "layer_digests": [digest_of(b"twice")]}
    refused("LayerAlreadyExistsException", "complete-layer-upload", **APP, **twice)
    refused("UploadNotFoundException", "complete-layer-upload", **APP, upload_id=NO_UPLOAD, layer_digests=[NOT_THERE])
    found = works("batch-check-layer-availability", **APP, layer_digests=[layer["digest"], NOT_THERE])["layers"]
    known = {each["layerDigest"]: (each["layerAvailability"], each.get("layerSize")) for each in found}
    there = {layer["digest"]: ("AVAILABLE", layer["size"]), NOT_THERE: ("UNAVAILABLE", None)}
    check("batch-check-layer-availability tells what is there", known == there)
    refused("RepositoryNotFoundException", "batch-check-layer-availability", **NOBODY, layer_digests=[NOT_THERE])
    return config, layer


def downloaded(layer):
    url = works("get-download-url-for-layer", **APP, layer_digest=layer["digest"])["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        check("the URL of get-download-url-for-layer downloads the layer", digest_of(answer.read()) == layer["digest"])
    refused("LayerInaccessibleException", "get-download-url-for-layer", **APP, layer_digest=digest_of(b"twice"))
    refused("LayersNotFoundException", "get-download-url-for-layer", **APP, layer_digest=NOT_THERE)
    refused("RepositoryNotFoundException", "get-download-url-for-layer", **NOBODY, layer_digest=NOT_THERE)


def manifest(config, layers, **more):
    parts = {"config": {"mediaType": CONFIG, **config}, "layers": [{"mediaType": LAYER, **layer} for layer in layers]}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, **parts, **more})


def put(text, **more):
    made = works("put-image", **APP, image_manifest=text, **more).get("image", {})
    check("put-image answers the digest", made.get("imageId", {}).get("imageDigest") == digest_of(text))
    return digest_of(text)


def images(config, layer):
    """Digests of an image, an index of it and what refers to it."""
    text = manifest(config, [layer])
    image = put(text, image_tag="v1")
    put(text, image_tag="dev-1")
    entry = {"mediaType": MANIFEST, "digest": image, "size": len(text)}
    index = {"schemaVersion": 2, "mediaType": INDEX}
    top = put(json.dumps({**index, "manifests": [entry]}), image_tag="multi")
    signature = put(manifest(config, [], subject=entry, artifactType="application/x.signature"))
    other = manifest(config, [layer], annotations={"other": "image"})
    refused("ImageAlreadyExistsException", "put-image", **APP, image_manifest=text, image_tag="v1")
    refused("ImageTagAlreadyExistsException", "put-image", **APP, image_manifest=other, image_tag="v1")
    put(other, image_tag="dev-1")
    refused("ImageDigestDoesNotMatchException", "put-image", **APP, image_manifest=other, image_digest=NOT_THERE)
    missing = manifest(config, [{"digest": NOT_THERE, "size": 1}])
    refused("LayersNotFoundException", "put-image", **APP, image_manifest=missing, image_tag="bad")
    dangling = json.dumps({**index, "manifests": [{**entry, "digest": NOT_THERE}]})
    refused("ReferencedImagesNotFoundException", "put-image", **APP, image_manifest=dangling, image_tag="bad")
    refused("InvalidParameterException", "put-image", **APP, image_manifest="no manifest", image_tag="bad")
    refused("RepositoryNotFoundException", "put-image", **NOBODY, image_manifest=text, image_tag="v1")
    return image, top, signature


def read(image, top, signature):
    ids = [{"imageTag": "v1"}, {"imageTag": "gone"}]
    got = works("batch-get-image", **APP, image_ids=ids)
    check("batch-get-image gives the bytes back", digest_of(got["images"][0]["imageManifest"]) == image)
    check("batch-get-image names what is not there", got["failures"][0]["failureCode"] == "ImageNotFound")
    refused("RepositoryNotFoundException", "batch-get-image", **NOBODY, image_ids=ids)
    [shown] = works("describe-images", **APP, image_ids=[{"imageDigest": top}])["imageDetails"]
    check("describe-images of the index", (shown["imageTags"], shown["imageManifestMediaType"]) == (["multi"], INDEX))
    refused("ImageNotFoundException", "describe-images", **APP, image_ids=[{"imageTag": "gone"}])
    refused("RepositoryNotFoundException", "describe-images", **NOBODY)
    listed = works("list-images", **APP, filter={"tagStatus": "TAGGED"})["imageIds"]
    check("list-images shows the tags", sorted(each["imageTag"] for each in listed) == ["dev-1", "multi", "v1"])
    refused("RepositoryNotFoundException", "list-images", **NOBODY)
    found = works("list-image-referrers", **APP, subject_id={"imageDigest": image})["referrers"]
    check("list-image-referrers finds the signature", [each["digest"] for each in found] == [signature])
    refused("RepositoryNotFoundException", "list-image-referrers", **NOBODY, subject_id={"imageDigest": image})


def removed(image, top):
    gone = works("batch-delete-image", **APP, image_ids=[{"imageTag": "multi"}, {"imageTag": "gone"}])
    check("batch-delete-image deletes the index", gone["imageIds"] == [{"imageDigest": top, "imageTag": "multi"}])
    check("batch-delete-image names what is not there", gone["failures"][0]["failureCode"] == "ImageNotFound")
    refused("RepositoryNotFoundException", "batch-delete-image", **NOBODY, image_ids=[{"imageDigest": image}])
