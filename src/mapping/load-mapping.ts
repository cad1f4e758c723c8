import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import { FORMATS } from '../formats/formats.ts';
import { hasErrors, type Issue, issue } from '../kernel/errors.ts';
import { sha256Hex } from '../kernel/ids.ts';
import { type CheckAgainstSchema, compileJsonSchema } from '../kernel/json-schema.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { type CodeMap, readCodeMap } from './codes.ts';
import { compileMapping, type Program } from './compile-mapping.ts';
import { isConceptMapFile, readConceptMap } from './concept-map.ts';
import { shapeOfFhirType } from './fhir-shape.ts';
import type { InMapping, Mapping, OutMapping } from './mapping.ts';
import type { MappingDocument, NamedFile } from './mapping-document.ts';
import { readMapping } from './read-mapping.ts';
import { runProgramIn } from './run-in.ts';
import { runProgramOut } from './run-out.ts';
import { shapeOfSchema } from './schema-shape.ts';
import type { Shape } from './shape.ts';
import { EnoughIssues, Trace } from './trace.ts';
import { folderOf, keptPath, type MappingName, readMappingName } from './versions.ts';
import { formatPlace } from './yaml-source.ts';

/** A mapping with what its tools need besides: the document, the code maps, and a run that can be watched. */
export interface LoadedMapping {
  readonly mapping: Mapping;
  readonly document: MappingDocument;
  readonly codes: ReadonlyMap<string, CodeMap>;
  /** What is declared of the message: by its schema, or by the FHIR type of its root. */
  readonly shape: Shape | undefined;
  /** The program whose reads and errors a trace sees; compiled when first asked for. */
  readonly watched: () => Program;
  /** The files it was read from, by their paths from its folder: what its version is the hash of. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Loads the mapping in the folder `name` below `root`: its YAML, its schema, its code maps. */
export function loadMapping(root: string, name: string): Result<Mapping> {
  const loaded = loadWithParts(root, name);
  return loaded.ok ? success(loaded.value.mapping, loaded.issues) : loaded;
}

/** Loads several mappings and tells the problems of all of them. */
export function loadMappings(root: string, names: Iterable<string>): Result<ReadonlyMap<string, Mapping>> {
  const mappings = new Map<string, Mapping>();
  const issues: Issue[] = [];
  for (const name of new Set(names)) {
    const loaded = loadMapping(root, name);
    issues.push(...loaded.issues);
    if (loaded.ok) mappings.set(name, loaded.value);
  }
  return hasErrors(issues) ? failure(...issues) : success(mappings, issues);
}

/** `loadMapping` for lint, cases and unread fields. */
export function loadWithParts(root: string, name: string): Result<LoadedMapping> {
  const named = readMappingName(name);
  if (named === undefined) {
    return failure(
      issue(
        'mapping-missing-file',
        'A mapping is named by its folder: small letters, digits, dashes, slashes; @ and a version may follow.',
      ),
    );
  }
  const file = `mappings/${folderOf(named)}/mapping.yaml`;
  const files = new MappingFiles(root, named);
  const text = files.read('mapping.yaml');
  if (text === undefined) {
    const hint =
      named.version === undefined ? '' : ` "ginnel keep ${named.folder}" keeps the version that is there now.`;
    return failure(issue('mapping-missing-file', `There is no ${file}.${hint}`, { mapping: file }));
  }
  const read = readMapping(text.toString('utf8'), file);
  if (!read.ok) return read;
  const document = read.value;
  const issues: Issue[] = [];
  const { check, shape } = loadSchema(document, files, issues);
  const codes = loadCodes(document, files, issues);
  const { program, issues: found } = compileMapping(document, codes, false, shape);
  issues.push(...found);
  const version = files.version();
  if (named.version !== undefined && !version.startsWith(named.version)) {
    const words = `This kept version has been changed: its files are version ${version}. Take it back from version control.`;
    issues.push(issue('mapping-version-changed', words, { mapping: file }));
  }
  if (hasErrors(issues)) return failure(...issues);
  let watchedProgram: Program | undefined;
  const watched = () => {
    watchedProgram ??= compileMapping(document, codes, true, shape).program;
    return watchedProgram;
  };
  const parts = { document, codes, program, watched };
  const base = { name, version, issues, codes };
  const mapping = document.direction === 'in' ? createInMapping(base, parts, check) : createOutMapping(base, parts);
  return success({ mapping, document, codes, shape, watched, files: files.contents }, issues);
}

interface MappingParts {
  readonly document: MappingDocument;
  readonly codes: ReadonlyMap<string, CodeMap>;
  readonly program: Program;
  readonly watched: () => Program;
}

type MappingBase = Pick<Mapping, 'name' | 'version' | 'issues' | 'codes'>;

function createInMapping(base: MappingBase, parts: MappingParts, check: CheckAgainstSchema): InMapping {
  const { document, codes, program, watched } = parts;
  return {
    ...base,
    direction: 'in',
    input: { format: document.format, options: document.options },
    check: (payload) =>
      check(payload.tree).map(({ path, text }) => issue('schema-violation', text, { ...payload.locate(path) })),
    run: (payload, context) => {
      try {
        return runProgramIn(program, payload, context, codes);
      } catch (error) {
        return watchFailure(document, error, new Trace(payload), (trace) =>
          runProgramIn(watched(), payload, context, codes, trace),
        );
      }
    },
  };
}

function createOutMapping(base: MappingBase, parts: MappingParts): OutMapping {
  const { document, codes, program, watched } = parts;
  const mediaType = document.mediaType ?? FORMATS[document.format].mediaTypes[0];
  return {
    ...base,
    direction: 'out',
    output: { format: document.format, options: document.options, mediaType },
    run: (focus, resources, context) => {
      try {
        return runProgramOut(program, focus, resources, context, codes);
      } catch (error) {
        return watchFailure(document, error, new Trace(undefined), (trace) =>
          runProgramOut(watched(), focus, resources, context, codes, trace),
        );
      }
    },
  };
}

/**
 * After an error that ended a run: runs again watched, which is slower and tells where every error stands in the message
 * and in the mapping. A good message pays only for the first run.
 */
function watchFailure<T>(
  { file }: MappingDocument,
  first: unknown,
  trace: Trace,
  watch: (trace: Trace) => Result<T>,
): Result<T> {
  if (!(first instanceof EvaluationError)) throw first;
  try {
    const again = watch(trace);
    if (!again.ok) return again;
  } catch (error) {
    if (error instanceof EnoughIssues) return failure(...trace.issues);
    if (!(error instanceof EvaluationError)) throw error;
    return failure(...trace.issues, issue(error.code, error.text, { mapping: file }));
  }
  return failure(issue(first.code, first.text, { mapping: file }));
}

/** The files of one mapping, each remembered as it is read, so that the version is the hash of exactly those. */
class MappingFiles {
  readonly contents = new Map<string, Buffer>();
  private readonly root: string;
  private readonly folder: string;
  private readonly isKept: boolean;

  constructor(root: string, name: MappingName) {
    this.root = resolve(root);
    this.folder = join(this.root, folderOf(name));
    this.isKept = name.version !== undefined;
  }

  /** Undefined where there is no such file, or it lies outside the mappings. */
  read(path: string): Buffer | undefined {
    const file = resolve(this.folder, this.isKept ? keptPath(path) : path);
    if (relative(this.root, file).startsWith('..') || !existsSync(file)) return undefined;
    const content = readFileSync(file);
    this.contents.set(path, content);
    return content;
  }

  version(): string {
    const hashes = [...this.contents].map(([path, content]) => `${path} ${sha256Hex(content)}\n`).sort();
    return sha256Hex(hashes.join('')).slice(0, 16);
  }
}

function readNamed(file: NamedFile, files: MappingFiles, issues: Issue[]): Buffer | undefined {
  const content = files.read(file.path);
  if (content === undefined) {
    issues.push(
      issue('mapping-missing-file', `There is no file ${file.path} among the mappings.`, {
        mapping: formatPlace(file.place),
      }),
    );
  }
  return content;
}

interface LoadedSchema {
  readonly check: CheckAgainstSchema;
  readonly shape: Shape | undefined;
}

function loadSchema({ schema, type, file }: MappingDocument, files: MappingFiles, issues: Issue[]): LoadedSchema {
  const content = schema === undefined ? undefined : readNamed(schema, files, issues);
  const shape = type === undefined ? undefined : shapeOfFhirType(new Set([type]));
  if (schema === undefined || content === undefined) return { check: () => [], shape };
  try {
    const parsed = JSON.parse(content.toString('utf8')) as object;
    return { check: compileJsonSchema(parsed), shape: shape ?? shapeOfSchema(parsed) };
  } catch (error) {
    const text = error instanceof Error ? error.message : 'It cannot be read.';
    const place = file.replace('mapping.yaml', schema.path);
    issues.push(issue('mapping-syntax', `The schema cannot be used: ${text}`, { mapping: `${place}:1:1` }));
    return { check: () => [], shape };
  }
}

function loadCodes({ codes, file }: MappingDocument, files: MappingFiles, issues: Issue[]): Map<string, CodeMap> {
  const maps = new Map<string, CodeMap>();
  for (const named of codes) {
    const content = readNamed(named, files, issues);
    if (content === undefined) continue;
    const read = isConceptMapFile(named.path) ? readConceptMap : readCodeMap;
    const map = read(named.name, file.replace('mapping.yaml', named.path), content);
    issues.push(...map.issues);
    // A map with mistakes still counts as declared, so that its uses are not reported as unknown names.
    maps.set(
      named.name,
      map.ok ? map.value : { name: named.name, file: named.path, rows: new Map(), fallback: undefined },
    );
  }
  return maps;
}
