import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import type { Message } from "../../events/webhooks/message.ts";
import type { Attempt, WebhookSender } from "../../events/webhooks/ports.ts";
import type { OutboundHosts } from "../../kernel/outbound-hosts.ts";
import { checkedLookup, type Reach, type Resolve, requirePublicAddress } from "../outbound/checked-lookup.ts";

/** How a receiver is bounded. */
export interface SendLimits {
  /** Milliseconds for connection, request and answer together. */
  readonly time: number;
  /** Bytes of an answer's body that are taken. */
  readonly bytes: number;
}

export const SEND_LIMITS: SendLimits = { time: 10_000, bytes: 64 * 1024 };

/** What reaching receivers rests on. */
export interface ReceiverAccess {
  readonly hosts: OutboundHosts;
  /** Certificates of authorities, in PEM, that are trusted beside those that Node ships. */
  readonly authorities?: string | undefined;
  readonly userAgent: string;
  readonly limits?: SendLimits;
  readonly resolve?: Resolve;
}

/**
 * Sends messages to receivers by POST. Any 2xx has delivered it; redirects are not followed, and are failures like all
 * else. Each goes over a connection of its own, to an address that was checked.
 */
export function webhookSender(access: ReceiverAccess): WebhookSender {
  const { hosts, authorities, userAgent, limits = SEND_LIMITS, resolve } = access;
  const reach: Reach = { hosts, setting: "BERTH_WEBHOOK_PRIVATE_HOSTS" };
  const lookup = checkedLookup(reach, resolve);
  const ca = authorities === undefined ? undefined : [...rootCertificates, authorities];
  const options = (message: Message, signal: AbortSignal) => ({
    ...{ method: "POST", lookup, signal, ca },
    headers: { "user-agent": userAgent, ...message.headers },
  });
  return {
    async send(message, signal) {
      const late = AbortSignal.timeout(limits.time);
      try {
        const url = new URL(message.url);
        requireSecure(url, hosts);
        requirePublicAddress(reach, url);
        const response = await post(url, options(message, AbortSignal.any([signal, late])), message.body);
        return await judged(response, limits.bytes);
      } catch (error) {
        signal.throwIfAborted();
        const outcome = late.aborted ? `no answer within ${limits.time / 1_000} s` : reasonOf(error as Error);
        return { delivered: false, outcome };
      }
    },
  };
}

function requireSecure({ protocol, hostname }: URL, hosts: OutboundHosts): void {
  if (protocol === "https:" || hosts.mayBePrivate(hostname)) return;
  throw new Error(`${hostname} is not told without TLS; BERTH_WEBHOOK_PRIVATE_HOSTS names those that are`);
}

function post(url: URL, options: object, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? httpsRequest(url, { ...options, agent: new HttpsAgent() })
        : httpRequest(url, { ...options, agent: new HttpAgent() });
    request.on("response", resolve).on("error", reject).end(body);
  });
}

/** The status decides. The body is taken up to a bound, so that its sender sees it arrive, and then let go. */
async function judged(response: IncomingMessage, max: number): Promise<Attempt> {
  const { statusCode = 0 } = response;
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > max) break;
    }
  } catch {
    // What was said after the status changes nothing.
  } finally {
    response.destroy();
  }
  const delivered = statusCode >= 200 && statusCode < 300;
  return { delivered, outcome: `HTTP ${statusCode}` };
}

/** Without the address, which may be one of this network. */
function reasonOf({ message, code, syscall }: NodeJS.ErrnoException): string {
  if (syscall === "connect") return `connect ${code}`;
  return (message || code || "it could not be reached").slice(0, 500);
}
