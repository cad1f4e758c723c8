import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import type { OutTls } from '../config/config.ts';
import { readOutTlsFiles } from '../config/read-tls.ts';
import { GinnelError, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { AddressRefused, guardAgent, type LookupAll } from './address-guard.ts';

/** A POST to a partner. */
export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Bound on everything together: name, connection, sending, answer. */
  readonly timeoutMs: number;
  /** Loopback and private networks are allowed. */
  readonly privateAddress: boolean;
  /** Our client certificate, and who signs the partner's. */
  readonly tls?: OutTls | undefined;
  /** Gives the request up: the gateway is stopping. */
  readonly signal?: AbortSignal | undefined;
}

/** What a partner answered, whatever the status. */
export interface OutgoingAnswer {
  readonly status: number;
  /** Names in lower case; several of one name are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** At most `LIMITS.deliveryAnswerBytesMax`. */
  readonly body: Uint8Array;
  /** False when the body was cut: too long, too slow, or broken off. The status counts all the same. */
  readonly bodyComplete: boolean;
}

export type SendHttp = (request: OutgoingRequest) => Promise<Result<OutgoingAnswer>>;

export interface OutgoingHttp {
  /**
   * Sends one request. A fault of the network is a failure with one issue, never an exception: `delivery-timeout`,
   * `delivery-unreachable`, `delivery-address-refused`, or `shutting-down` when `signal` gave it up.
   */
  readonly sendHttp: SendHttp;
  /** Closes idle connections. */
  close(): void;
}

/**
 * The one place from which Ginnel calls out over HTTP. No redirects are followed and no proxy of the environment is
 * used, so that a request goes where the configuration says or nowhere. Connections are kept for the next request.
 */
export function createOutgoingHttp(options: { readonly lookup?: LookupAll } = {}): OutgoingHttp {
  const settings = { keepAlive: true, maxSockets: LIMITS.deliveryConcurrencyMax, maxFreeSockets: 4 };
  const agents = (privateAddress: boolean) => ({
    httpAgent: guardAgent(new HttpAgent(settings), privateAddress, options.lookup),
    httpsAgent: guardAgent(new HttpsAgent(settings), privateAddress, options.lookup),
  });
  const open = agents(true);
  const guarded = agents(false);
  /** Connections that were made with a certificate serve its channel alone. */
  const ofChannels = new Map<OutTls, HttpsAgent>();
  const secureAgent = (tls: OutTls, privateAddress: boolean): HttpsAgent => {
    const agent =
      ofChannels.get(tls) ??
      guardAgent(new HttpsAgent({ ...settings, ...readOutTlsFiles(tls) }), privateAddress, options.lookup);
    ofChannels.set(tls, agent);
    return agent;
  };
  return {
    sendHttp: async (request) => {
      const { tls, privateAddress } = request;
      const shared = privateAddress ? open : guarded;
      if (tls === undefined) return sendOnce(request, shared);
      try {
        return await sendOnce(request, { ...shared, httpsAgent: secureAgent(tls, privateAddress) });
      } catch (fault) {
        // Files that cannot be read, or certificate and key that do not belong together.
        const text = fault instanceof GinnelError ? fault.issues[0]?.text : undefined;
        return failure(
          issue('delivery-credentials-unusable', text ?? 'Our client certificate or its key is not usable.'),
        );
      }
    },
    close: () => {
      for (const { httpAgent, httpsAgent } of [open, guarded]) {
        httpAgent.destroy();
        httpsAgent.destroy();
      }
      for (const agent of ofChannels.values()) agent.destroy();
    },
  };
}

async function sendOnce(
  request: OutgoingRequest,
  agents: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent },
): Promise<Result<OutgoingAnswer>> {
  const protocol = URL.canParse(request.url) ? new URL(request.url).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:') {
    return failure(issue('delivery-address-refused', 'The channel’s URL is not one of http or https.'));
  }
  // One deadline over all of it: the library's own timeout starts again with each byte of a dripping answer.
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  try {
    // Read with the first request: its library is a part of the time and the memory of a start.
    const { default: axios } = await import('axios');
    const response = await axios.request<Readable>({
      method: 'POST',
      url: request.url,
      headers: { ...request.headers, 'Accept-Encoding': 'identity', 'User-Agent': 'Ginnel' },
      data: Buffer.from(request.body),
      responseType: 'stream',
      // A compressed answer is left as it is: what it unpacks to has no bound.
      decompress: false,
      maxRedirects: 0,
      proxy: false,
      maxBodyLength: LIMITS.bodyBytesMax,
      validateStatus: () => true,
      signal,
      ...agents,
    });
    const { body, bodyComplete } = await readBounded(response.data, signal);
    return success({ status: response.status, headers: headersOf(response.headers), body, bodyComplete });
  } catch (fault) {
    return failure(faultIssue(fault, deadline, request.signal));
  }
}

/**
 * Reads the body as far as the bound and the deadline let it. It never fails: once the status line has come, the
 * partner has answered, and a delivery that it said yes to is not sent again because its receipt broke off.
 */
async function readBounded(
  stream: Readable,
  signal: AbortSignal,
): Promise<{ readonly body: Uint8Array; readonly bodyComplete: boolean }> {
  const chunks: Buffer[] = [];
  let room: number = LIMITS.deliveryAnswerBytesMax;
  try {
    for await (const chunk of addAbortSignal(signal, stream)) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes.subarray(0, room));
      if (bytes.length > room) return { body: Buffer.concat(chunks), bodyComplete: false };
      room -= bytes.length;
    }
    return { body: Buffer.concat(chunks), bodyComplete: true };
  } catch {
    return { body: Buffer.concat(chunks), bodyComplete: false };
  } finally {
    stream.destroy();
  }
}

function headersOf(headers: object): ReadonlyMap<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function faultIssue(fault: unknown, deadline: AbortSignal, stop: AbortSignal | undefined) {
  if (causesOf(fault).some((cause) => cause instanceof AddressRefused)) {
    return issue(
      'delivery-address-refused',
      'The channel’s URL leads to a loopback, private or reserved address. Set privateAddress if the partner is there.',
    );
  }
  if (stop?.aborted === true) return issue('shutting-down', 'The gateway stopped before the partner had answered.');
  if (deadline.aborted) return issue('delivery-timeout', 'The partner did not answer within the time allowed.');
  return issue('delivery-unreachable', `The partner could not be reached (${faultCode(fault)}).`);
}

function causesOf(fault: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let at = fault; at instanceof Error && causes.length < 8; at = at.cause) causes.push(at);
  return causes;
}

/** The system's name for the fault, such as `ECONNREFUSED`; its message may quote the request and is left out. */
function faultCode(fault: unknown): string {
  const codes = causesOf(fault).map((cause) => (cause as NodeJS.ErrnoException).code);
  return codes.find((code) => typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) ?? 'no code';
}
