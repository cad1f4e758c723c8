import { ELEMENT_SEARCHES, isWrite, type Probe, probesOf, wholeProbes } from './matrix-requests.ts';
import { type Answer, absentLike, MARK, markOf, SEEDS, type Seed, WHEREABOUTS, type World } from './world.ts';

/** A kind of caller, and the names of what it may see. */
export interface Kind {
  readonly name: string;
  /** Undefined: no token. */
  readonly token: (world: World, others: Others) => Promise<string | undefined>;
  readonly sees: readonly string[];
  /** Only a part of each resource, so that of its marks the one in its identifier alone may leave. */
  readonly part?: boolean;
  /** Open to all, so that it may add to a record which it does not see: its creates are its right. */
  readonly adds?: boolean;
  /** The gateway's clock while it asks, ahead of the tokens'. */
  readonly aheadMs?: number;
}

/** Gateways elsewhere, whose tokens are no good here. */
export interface Others {
  readonly elsewhere: World;
}

const client =
  (id: string): Kind['token'] =>
  (world) =>
    world.token(id);

const RELATED = ['ada', 'ada-request', 'ada-other', 'ada-school', 'ada-plan', 'ada-team', 'res', 'res-request'];
const EVERYBODY = [...RELATED, 'ben', 'ben-plan', 'ben-request', 'nbh', 'nbh-request'];

export const KINDS: readonly Kind[] = [
  { name: 'none', token: async () => undefined, sees: [] },
  { name: 'wrong audience', token: async (_world, { elsewhere }) => elsewhere.token('everybody'), sees: [] },
  { name: 'expired', token: client('everybody'), sees: [], aheadMs: 10 * 60_000 },
  { name: 'unrelated', token: client('unrelated'), sees: [] },
  {
    name: 'other organisation',
    token: client('other'),
    sees: ['ben', 'ben-plan', 'ben-request', 'nbh', 'nbh-request'],
  },
  { name: 'related', token: client('related'), sees: RELATED },
  { name: 'neighbourhood', token: client('neighbourhood'), sees: ['nbh', 'nbh-request'] },
  {
    name: 'two types',
    token: client('two-types'),
    sees: RELATED.filter((name) => !['ada-plan', 'ada-team'].includes(name)),
  },
  { name: 'one scope', token: client('one-scope'), sees: ['ada-plan'] },
  { name: 'scope with a query', token: client('by-query'), sees: ['ada-request'] },
  { name: 'category', token: client('by-category'), sees: ['ada-request'] },
  {
    name: 'minimum necessary',
    token: client('minimum'),
    sees: ['ada', 'ada-request', 'ada-other', 'ada-school'],
    part: true,
  },
  { name: 'consent needed', token: client('needs-consent'), sees: [], adds: true },
  {
    name: 'launched for one patient',
    token: client('launched'),
    sees: RELATED.filter((name) => name.startsWith('ada')),
  },
  { name: 'everybody', token: client('everybody'), sees: EVERYBODY, adds: true },
];

/** Everything that reached somebody whom it should not, as sentences; stops at `max`. */
export async function findLeaks(world: World, kind: Kind, others: Others, max = 20): Promise<string[]> {
  const leaks: string[] = [];
  const say = (probe: Probe, what: string): void => {
    leaks.push(`${kind.name}: ${probe.method} ${probe.path} ${what}`);
  };
  const token = await kind.token(world, others);
  world.clock.offsetMs = kind.aheadMs ?? 0;
  try {
    const ask = ({ method, path, body, headers }: Probe): Promise<Answer> =>
      world.ask(token, method, path, body, headers);
    for (const seed of SEEDS) {
      const hidden = !kind.sees.includes(seed.name);
      const absent = probesOf(absentLike(seed));
      for (const [index, probe] of probesOf(seed).entries()) {
        if (!hidden && isWrite(probe)) continue;
        if (kind.adds === true && probe.route === 'POST /:type') continue;
        const answer = await ask(probe);
        const sent = JSON.stringify(probe.body ?? '');
        for (const what of tellsOf(answer, kind, sent)) say(probe, what);
        const other = absent[index];
        if (hidden && other !== undefined && comparable(probe, kind)) {
          const like = await ask(other);
          const [here, there] = [normal(answer, seed), normal(like, absentLike(seed))];
          if (here !== there)
            say(probe, `is not as if it were not there:\n  ${here.slice(0, 600)}\n  ${there.slice(0, 600)}`);
        }
        if (leaks.length >= max) return leaks;
      }
    }
    for (const probe of wholeProbes()) {
      const answer = await ask(probe);
      for (const what of tellsOf(answer, kind)) say(probe, what);
      const { total, entries } = countsOf(answer);
      if (probe.findsNothing === true && (total > 0 || entries > 0)) say(probe, 'finds somebody');
      const seen = SEEDS.filter(({ type, name }) => type === probe.counts && kind.sees.includes(name)).length;
      if (probe.counts !== undefined && probe.counts !== 'AuditEvent' && total !== seen && answer.status === 200) {
        say(probe, `counts ${total} of ${seen}`);
      }
    }
    if (kind.part === true) {
      for (const path of ELEMENT_SEARCHES) {
        const { total, entries } = countsOf(await world.ask(token, 'GET', `${path}&_total=accurate`));
        if (total > 0 || entries > 0) leaks.push(`${kind.name}: GET ${path} asks by what it is not given`);
      }
    }
    leaks.push(...(await usesOthersPage(world, kind, token)));
  } finally {
    world.clock.offsetMs = 0;
  }
  leaks.push(...(await findChanges(world, kind)));
  return leaks;
}

/** The words and ids that an answer should not hold. */
function tellsOf({ text }: Answer, kind: Kind, sent = ''): string[] {
  const own = withoutLinks(text);
  const told: string[] = [];
  for (const mark of new Set(own.match(/mark-[a-z]+(?:-[a-z]+)*/g) ?? [])) {
    // What its sender has said is no news to them.
    if (!mayHold(mark, kind) && !sent.includes(mark)) told.push(`holds ${mark}`);
  }
  for (const [, id = ''] of own.matchAll(/"id":"([a-z-]+)"/g)) {
    const seed = SEEDS.find((one) => one.id === id);
    if (seed !== undefined && !kind.sees.includes(seed.name)) told.push(`holds the resource ${id}`);
  }
  const plain = own.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  // Whoever asks about the practice itself may be told its name; nobody is told that it is somebody's.
  const isDirectory = text.includes('"resourceType":"Organization"');
  for (const word of Object.values(WHEREABOUTS)) {
    if (!isDirectory && plain.includes(word.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))) told.push(`holds ${word}`);
  }
  return told;
}

function mayHold(mark: string, kind: Kind): boolean {
  if (mark === markOf('display')) return kind.sees.includes('ben-plan');
  const name = mark.slice('mark-'.length);
  if (kind.sees.includes(name) || name === 'absent') return true;
  const whole = /^(.+)-(?:note|family|title)$/.exec(name)?.[1] ?? '';
  return kind.part !== true && kind.sees.includes(whole);
}

/** Links say again what was asked. */
function withoutLinks(text: string): string {
  return text.replaceAll(/"(?:url|fullUrl)":"[^"]*"/g, '""');
}

function countsOf({ text, status }: Answer): { total: number; entries: number } {
  if (status !== 200) return { total: 0, entries: 0 };
  const bundle = JSON.parse(text) as { total?: number; entry?: { search?: { mode?: string } }[] };
  const entries = (bundle.entry ?? []).filter(({ search }) => search?.mode !== 'outcome').length;
  return { total: bundle.total ?? 0, entries };
}

/** A patient of whom a caller sees a part is not as if he were not there. */
function comparable({ seed, path }: Probe, { sees }: Kind): boolean {
  if (path.startsWith('_history') || /^[A-Za-z]+\/_history/.test(path)) return false;
  return seed?.type !== 'Patient' || !SEEDS.some(({ patient, name }) => patient === seed.id && sees.includes(name));
}

/** An answer with what was asked for taken out of it. */
function normal({ status, headers, text }: Answer, { id, name, patient }: Seed): string {
  const body = `${status} ${headers} ${text}`
    .replaceAll(/"(?:timestamp|lastModified|lastUpdated)":"[^"]*"/g, '')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'uuid')
    .replaceAll(encodeURIComponent(`${MARK}|${markOf(name)}`), 'asked')
    .replaceAll(markOf(name), 'asked');
  const ids = [id, patient].filter((one) => one !== undefined);
  return ids.reduce((left, one) => left.replaceAll(new RegExp(`(?<![a-z-])${one}(?![a-z-])`, 'g'), 'asked'), body);
}

/** A page that was given to somebody else. */
async function usesOthersPage(world: World, kind: Kind, token: string | undefined): Promise<string[]> {
  if (kind.name !== 'related') return [];
  const first = await world.ask(await world.token('everybody'), 'GET', 'ServiceRequest?_count=1');
  const bundle = JSON.parse(first.text) as { link: { relation: string; url: string }[] };
  const next = bundle.link.find(({ relation }) => relation === 'next')?.url.split('/fhir/')[1] ?? '';
  const { status } = await world.ask(token, 'GET', next);
  return status === 200 ? [`${kind.name}: a page link of another client serves`] : [];
}

/** Hidden resources that a write has reached, and resources that were put into hidden records. */
async function findChanges(world: World, kind: Kind): Promise<string[]> {
  const changed: string[] = [];
  for (const { type, id, name } of SEEDS) {
    if (kind.sees.includes(name)) continue;
    const stored = await world.gateway.store.read(type, id);
    if (stored?.version !== 1) changed.push(`${kind.name}: ${type}/${id} was changed`);
  }
  const hidden = SEEDS.filter(({ type, name }) => type === 'Patient' && !kind.sees.includes(name));
  for (const { id } of hidden) {
    const page = await world.gateway.store.search({
      type: 'ServiceRequest',
      filters: [{ kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: id }] }],
      count: 100,
      sort: [],
      total: false,
    });
    const strange = page.matches.filter((match) => !SEEDS.some((seed) => seed.id === match.id));
    if (strange.length > 0) changed.push(`${kind.name}: something was put into the record of ${id}`);
  }
  return changed;
}
