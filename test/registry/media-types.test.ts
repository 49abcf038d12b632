import { expect, test } from "vitest";
import { isForeignLayer } from "../../src/registry/media-types.ts";

test.each([
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
])("%s is a layer that a registry need not have", (mediaType) => {
  expect(isForeignLayer(mediaType)).toBe(true);
});

test.each([
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.foreign.",
  "x/application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip; x",
])("%s is one that it must have", (mediaType) => {
  expect(isForeignLayer(mediaType)).toBe(false);
});
