import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, inChannel } from '../config/config.ts';
import { FORMATS } from '../formats/formats.ts';
import { refuse } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Sample } from './day.ts';

export interface SampleSenderParts {
  readonly config: Config;
  /** Where the samples' files are. */
  readonly folder: string;
  /** Where the gateway's HTTP door is, without a slash at the end. */
  readonly doorUrl: string;
  /** An access token for this client, from the token endpoint. */
  readonly requestToken: (client: string) => Promise<string>;
  /** Sends one HL7 v2 message to the gateway's MLLP door; resolves to the acknowledgement. */
  readonly sendMllp: (message: Uint8Array) => Promise<Uint8Array>;
}

/** How the door answered. */
export interface DoorAnswer {
  /** What went through the door. */
  readonly body: Uint8Array;
  /** The answer in the door's own words: `HTTP 422`, `AR`. */
  readonly said: string;
  readonly accepted: boolean;
  /** The person-readable reason in the answer, where the message was refused. */
  readonly reason: string | undefined;
}

/** Sends one sample as its partner's system would: through the gateway's real door, with that partner's credentials. */
export async function sendSample(sample: Sample, parts: SampleSenderParts): Promise<DoorAnswer> {
  const body = await readFile(join(parts.folder, sample.file));
  return sample.transport === 'mllp' ? sendByMllp(body, parts) : sendByHttp(sample, body, parts);
}

async function sendByHttp(sample: Sample, body: Buffer, parts: SampleSenderParts): Promise<DoorAnswer> {
  const channel = inChannel(parts.config, sample.partner, sample.channel);
  const client = [...parts.config.clients.values()].find(
    ({ partner, scopes }) => partner === sample.partner && scopes.includes('intake'),
  );
  if (channel === undefined || client === undefined) {
    throw refuse(
      'config-invalid',
      `The configuration has no such channel, or no client to send on it: ${sample.partner}.`,
    );
  }
  const response = await fetch(`${parts.doorUrl}/intake/${sample.partner}/${sample.channel}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await parts.requestToken(client.id)}`,
      'Content-Type': FORMATS[channel.format].mediaTypes[0],
    },
    body,
    signal: AbortSignal.timeout(LIMITS.httpRequestTimeoutMs),
  });
  const text = await response.text();
  return {
    body,
    said: `HTTP ${response.status}`,
    accepted: response.ok,
    reason: response.ok ? undefined : outcomeReason(text),
  };
}

async function sendByMllp(body: Buffer, parts: SampleSenderParts): Promise<DoorAnswer> {
  const acknowledgement = new TextDecoder().decode(await parts.sendMllp(body));
  const fieldsOf = (name: string): string[] =>
    acknowledgement
      .split('\r')
      .find((segment) => segment.startsWith(`${name}|`))
      ?.split('|') ?? [];
  const said = fieldsOf('MSA')[1] ?? 'no MSA';
  return { body, said, accepted: said === 'AA', reason: said === 'AA' ? undefined : fieldsOf('ERR').at(-1) };
}

/** The first issue's text of an OperationOutcome. */
function outcomeReason(text: string): string | undefined {
  try {
    const outcome: unknown = JSON.parse(text);
    const first = isJsonObject(outcome) && Array.isArray(outcome.issue) ? outcome.issue[0] : undefined;
    if (!isJsonObject(first)) return undefined;
    const details = isJsonObject(first.details) ? first.details.text : undefined;
    const reason = first.diagnostics ?? details;
    return typeof reason === 'string' ? reason : undefined;
  } catch {
    return undefined;
  }
}
