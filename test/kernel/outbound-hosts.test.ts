import { describe, expect, test } from "vitest";
import { isPublicAddress, OutboundHosts } from "../../src/kernel/outbound-hosts.ts";

test.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])(
  "%s is an address of the world",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  ...["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1", "127.255.255.255", "0.0.0.0"],
  ...["169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.192", "198.18.0.1", "224.0.0.1"],
  ...["240.0.0.1", "255.255.255.255", "::1", "::", "::127.0.0.1", "fc00::1", "fd00:ec2::254", "fe80::1"],
  ...["fec0::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "64:ff9b::a00:1"],
  ...[
    "64:ff9b:1::1",
    "2002:a00:1::",
    "2001:0:1::",
    "2001:db8::1",
    "4000::1",
    "fe80::1%eth0",
    "localhost",
    "",
  ],
])("%s is none", (address) => expect(isPublicAddress(address)).toBe(false));

/** The host as URLs give it. */
const hostOf = (host: string): string => new URL(`https://${host}/`).hostname;

describe("a host that is not named", () => {
  const hosts = new OutboundHosts(["issuer.internal"]);
  test.each([
    ...["127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f000001", "127.0.0.1.", "10.0.0.1", "[::1]"],
    ...[
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "169.254.169.254",
      "0xa9fea9fe",
      "0",
      "localhost",
      "LOCALHOST",
    ],
    ...["localhost.", "issuer.localhost"],
  ])("is refused as %s", (host) => expect(hosts.refuses(hostOf(host))).toBe(true));

  test.each(["issuer.example", "8.8.8.8", "[2606:4700::1111]", "localhost.example"])(
    "is taken as %s",
    (host) => expect(hosts.refuses(hostOf(host))).toBe(false),
  );
});

test.each([
  ["its name", ["k8s.local"], "k8s.local"],
  ["its name in another letter case", ["K8S.local"], "k8s.LOCAL"],
  ["its name with the dot of the root", ["k8s.local"], "k8s.local."],
  ["its address", ["127.0.0.1"], "2130706433"],
  ["its address of version 6", ["[0:0::1]"], "[::1]"],
  ["every name", ["*"], "10.0.0.1"],
])("a host may be private that is named by %s", (_, named, host) => {
  const hosts = new OutboundHosts(named);
  expect(hosts.mayBePrivate(hostOf(host))).toBe(true);
  expect(hosts.refuses(hostOf(host))).toBe(false);
});

test("a name stands for no other", () => {
  const hosts = new OutboundHosts(["issuer.internal"]);
  for (const host of ["a.issuer.internal", "issuer.internal.example", "xissuer.internal"]) {
    expect(hosts.mayBePrivate(host)).toBe(false);
  }
});
