/**
 * Validation: our compiled validator (R4, required bindings, our own rules, and with a profile) against validateResource
 * of @medplum/core (R4 alone, and with the same profile), and against the whole validator that ours replaced, on the
 * same resources in the same run. The rounds alternate and each figure is a median, so that a busy machine disturbs all
 * of them alike. Run it with `npx node bench/validate.ts [rounds]`.
 */
import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { validateResource } from '@medplum/core';
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { GINNEL_PROFILES } from '../src/fhir/canonical.ts';
import { openDefinitions } from '../src/fhir/definitions.ts';
import type { ProfileDefinition } from '../src/fhir/profile-definition.ts';
import { loadProfiles } from '../src/fhir/profiles.ts';
import { generateSnapshot } from '../src/fhir/snapshot.ts';
import { createValidator } from '../src/fhir/validate.ts';
import { createReferenceValidator } from '../test/support/reference/reference-validator.ts';
import { validationSamples } from './support/validation-samples.ts';

const ROUNDS = Number(process.argv[2] ?? 31);
const PROFILES = resolve(import.meta.dirname, '../profiles');
const definitions = openDefinitions();
const validator = createValidator({ definitions, profiles: loadProfiles(PROFILES, definitions) });
const bare = createValidator({ definitions });
const replaced = createReferenceValidator(definitions);

/** A profile of ours as others take it: with a snapshot. */
function readProfile(folder: string): StructureDefinition {
  const definition: ProfileDefinition = JSON.parse(readFileSync(join(PROFILES, folder, 'profile.json'), 'utf8'));
  const base = definitions.snapshot(definition.type) ?? [];
  const made = generateSnapshot(definition, (url) => (url.endsWith(`/${definition.type}`) ? base : typeOf(url)));
  if (!made.ok) throw new Error(made.issues.map(({ text }) => text).join('; '));
  return { ...definition, snapshot: { element: made.value } } as unknown as StructureDefinition;
}

function typeOf(url: string): ReturnType<typeof definitions.snapshot> {
  return definitions.snapshot(url.slice(url.lastIndexOf('/') + 1));
}

interface Work {
  readonly name: string;
  readonly batch: number;
  run(): unknown;
  readonly times: number[];
}

const work = (name: string, batch: number, run: () => unknown): Work => ({ name, batch, run, times: [] });

/** Microseconds of one run, the median of all rounds. */
function measure(works: readonly Work[]): number[] {
  for (const { run, batch } of works) for (let warm = 0; warm < 4 * batch; warm += 1) run();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { run, batch, times } of works) {
      const began = performance.now();
      for (let at = 0; at < batch; at += 1) run();
      times.push(((performance.now() - began) / batch) * 1000);
    }
  }
  return works.map(({ times }) => times.sort((a, b) => a - b)[times.length >> 1] ?? 0);
}

const SAMPLES = [
  { folder: 'referral', url: GINNEL_PROFILES.referral, resource: validationSamples.serviceRequest },
  { folder: 'shared-care-plan', url: GINNEL_PROFILES.sharedCarePlan, resource: validationSamples.carePlan },
  { folder: 'patient', url: GINNEL_PROFILES.patient, resource: validationSamples.patient },
];

const line = (cells: readonly string[]): string =>
  cells.map((cell, at) => (at === 0 ? cell.padEnd(28) : cell.padStart(14))).join('');
process.stdout.write(`${line(['µs, median', 'ours', 'medplum', 'times', 'replaced', 'times'])}\n`);
for (const { folder, url, resource } of SAMPLES) {
  const bytes = JSON.stringify(resource).length;
  const profile = readProfile(folder);
  const typed = resource as unknown as Resource;
  const errors = validator.validate(resource, { profiles: [url] }).filter(({ severity }) => severity === 'error');
  deepStrictEqual([bare.validate(resource), errors, replaced.validate(resource)], [[], [], []]);
  validateResource(typed);
  const [ours = 0, theirs = 0, before = 0, oursWith = 0, theirsWith = 0] = measure([
    work('ours', 300, () => bare.validate(resource)),
    work('medplum', 30, () => validateResource(typed)),
    work('replaced', 30, () => replaced.validate(resource)),
    work('ours with profile', 300, () => validator.validate(resource, { profiles: [url] })),
    work('medplum with profile', 6, () => runWithProfile(typed, profile)),
  ]);
  const name = `${resource.resourceType}, ${(bytes / 1024).toFixed(1)} KB`;
  const figures = [ours, theirs, theirs / ours, before, before / ours].map((figure) => figure.toFixed(1));
  process.stdout.write(`${line([name, ...figures])}\n`);
  const withFigures = [oursWith, theirsWith, theirsWith / oursWith].map((figure) => figure.toFixed(1));
  process.stdout.write(`${line(['  and its profile', ...withFigures])}\n`);
}

/** It finds some of our rules broken that are not, because it does not look into slices; the work is the same. */
function runWithProfile(resource: Resource, profile: StructureDefinition): void {
  try {
    validateResource(resource, { profile });
  } catch {
    // An error is as good as none for what is timed.
  }
}
