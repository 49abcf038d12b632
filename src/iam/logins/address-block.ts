/**
 * The part of an address that one customer of a network has: an IPv4 address, and of IPv6 its first 64 bits (RFC 6177),
 * since the others are the customer's to choose.
 */
export function addressBlock(ip: string): string {
  if (!ip.includes(":")) return ip;
  const [address = ""] = ip.toLowerCase().split("%", 1);
  const [head = "", tail] = address.split("::", 2);
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...new Array<string>(zeros).fill("0"), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
