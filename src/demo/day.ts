import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { refuse } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';

/** One message of the day that the demonstration sends. */
export interface Sample {
  /** Below the samples folder. */
  readonly file: string;
  /** Who sends it, and on which channel of the configuration. */
  readonly partner: string;
  readonly channel: string;
  readonly transport: 'http' | 'mllp';
  /** What it is, in a sentence for people. */
  readonly says: string;
  /** What the gateway should say to the sender. */
  readonly expect: 'accepted' | 'refused';
}

/** Reads `day.yaml`, the list of samples in the order of the day. Throws a `GinnelError` that says what is wrong in it. */
export async function readDay(folder: string): Promise<Sample[]> {
  const file = join(folder, 'day.yaml');
  const text = await readFile(file, 'utf8').catch(() => {
    throw refuse('config-missing-file', `The demonstration needs ${file}, the list of messages to send.`);
  });
  const list: unknown = parse(text);
  if (!Array.isArray(list)) throw refuse('config-invalid', 'The day is a list of samples.', { mapping: file });
  return list.map((one: unknown, at) => readSample(one, at + 1, file));
}

function readSample(sample: unknown, number: number, file: string): Sample {
  const wrong = (text: string) =>
    refuse('config-invalid', `Sample ${number} of the day has ${text}.`, { mapping: file });
  const text = (name: keyof Sample): string => {
    const value = isJsonObject(sample) ? sample[name] : undefined;
    if (typeof value !== 'string' || value === '') throw wrong(`no ${name}`);
    return value;
  };
  const oneOf = <T extends string>(name: keyof Sample, allowed: readonly T[]): T => {
    const found = allowed.find((value) => value === text(name));
    if (found === undefined) throw wrong(`another ${name} than ${allowed.join(' and ')}`);
    return found;
  };
  return {
    file: text('file'),
    partner: text('partner'),
    channel: text('channel'),
    transport: oneOf('transport', ['http', 'mllp']),
    says: text('says'),
    expect: oneOf('expect', ['accepted', 'refused']),
  };
}
