import { isIP } from "node:net";
import { OperandError, type Operator } from "./operator.ts";
import { reading } from "./reading.ts";

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** The longest that an address can be, with an IPv4 address at its end. */
const ADDRESS_MAX = 45;
const MAPPED = 0xffffn << 32n;

/** An address as a number. IPv4 inside IPv6 (`::ffff:192.0.2.1`, what a dual-stack socket reports) counts as IPv4. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > ADDRESS_MAX) return undefined;
  const version = isIP(text);
  if (version === 4) return { bits: 32, value: fromParts(text.split("."), 8n, 10) };
  if (version !== 6 || text.includes("%")) return undefined;
  const value = parseIpv6(text);
  return (value >> 32n) << 32n === MAPPED ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

function parseIpv6(text: string): bigint {
  const dotted = text.slice(text.lastIndexOf(":") + 1);
  let plain = text;
  if (dotted.includes(".")) {
    const low = fromParts(dotted.split("."), 8n, 10);
    plain = `${text.slice(0, -dotted.length)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const [head = [], tail = []] = plain.split("::").map((side) => (side === "" ? [] : side.split(":")));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return fromParts([...head, ...zeros, ...tail], 16n, 16);
}

function fromParts(parts: readonly string[], width: bigint, radix: number): bigint {
  return parts.reduce((sum, part) => (sum << width) | BigInt(Number.parseInt(part, radix)), 0n);
}

const readAddress = reading(parseAddress, 500);

function ipAddress(negated: boolean): Operator {
  return {
    negated,
    compile(wanted) {
      const [text = "", length] = wanted.split("/", 2);
      const network = parseAddress(text);
      const prefix =
        length === undefined ? network?.bits : /^\d{1,3}$/.test(length) ? Number(length) : undefined;
      if (
        network === undefined ||
        prefix === undefined ||
        wanted.split("/").length > 2 ||
        prefix > network.bits
      ) {
        throw new OperandError("must be an IP address or a CIDR block");
      }
      const shift = BigInt(network.bits - prefix);
      const start = network.value >> shift;
      return (found, _context, steps) => {
        const address = readAddress(found, steps);
        return address !== undefined && address.bits === network.bits && address.value >> shift === start;
      };
    },
  };
}

/** IAM's address operators, for IPv4 and IPv6; without a prefix length the one address. */
export const IP_OPERATORS: Readonly<Record<string, Operator>> = {
  IpAddress: ipAddress(false),
  NotIpAddress: ipAddress(true),
};
