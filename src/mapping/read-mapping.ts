import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { isResourceType, resourceTypes } from '../fhirpath/fhir-types.ts';
import { FORMAT_NAMES, type FormatName, type FormatOptions } from '../formats/format.ts';
import { FORMATS } from '../formats/formats.ts';
import { wrongGroups } from '../formats/hl7v2/groups.ts';
import { decoderFor } from '../formats/text.ts';
import { suggestion } from '../kernel/nearest-name.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { readFieldPath } from './field-path.ts';
import type { IgnoredField, MappingDocument, NamedFile, RefuseRule } from './mapping-document.ts';
import { readEntries } from './read-entries.ts';
import { SkeletonReader } from './read-skeleton.ts';
import { readMappingName } from './versions.ts';
import { nodeStart, readYamlSource } from './yaml-source.ts';

const KEYS = [
  'mapping',
  'direction',
  'input',
  'output',
  'inverse',
  'ignore',
  'codes',
  'accept',
  'refuse',
  'assign',
  'entries',
  'body',
] as const;
const OPTIONS = ['encoding', 'delimiter', 'lists', 'columns'] as const;

/** Reads the text of a `mapping.yaml`. Every mistake is told with its line and column. */
export function readMapping(text: string, file: string): Result<MappingDocument> {
  const source = readYamlSource(text, file);
  if (!source.ok) return source;
  const reader = new SkeletonReader(source.value);
  const document = new DocumentReader(reader, source.value.root).read(file);
  return reader.issues.length > 0 || document === undefined ? failure(...reader.issues) : success(document);
}

type StringMap = YAMLMap<Scalar, Node | null>;

class DocumentReader {
  private readonly reader: SkeletonReader;
  private readonly root: Node;

  constructor(reader: SkeletonReader, root: Node) {
    this.reader = reader;
    this.root = root;
  }

  read(file: string): MappingDocument | undefined {
    const { reader, root } = this;
    if (!isMap(root)) {
      reader.refuse(reader.placeOf(root), 'A mapping is a map that begins with mapping: 1.');
      return undefined;
    }
    this.checkKeys(root as StringMap, KEYS);
    if (this.scalar('mapping') !== 1) this.refuse('mapping', 'The first line of a mapping is mapping: 1.');
    const direction = this.scalar('direction');
    if (direction !== 'in' && direction !== 'out') {
      this.refuse('direction', 'direction is in (a payload becomes FHIR) or out (FHIR becomes a payload).');
      return undefined;
    }
    const [own, others] = direction === 'in' ? ['input', ['output', 'body']] : ['output', ['entries']];
    for (const other of others) {
      if (this.node(other) !== undefined) this.refuse(other, `A mapping ${direction} has no ${other}.`);
    }
    const format = this.readFormat(own);
    const accept = this.node('accept');
    return {
      file,
      direction,
      ...format,
      type: this.readType(direction, format.format),
      inverse: this.readInverse(),
      ignore: this.readIgnore(),
      codes: this.readCodes(),
      accept: accept === undefined ? undefined : reader.readHole(accept),
      refuse: this.readRefuse(),
      assigns: this.node('assign') === undefined ? [] : reader.readAssigns(this.node('assign')),
      content: this.readContent(direction),
    };
  }

  private readContent(direction: 'in' | 'out'): MappingDocument['content'] {
    const name = direction === 'in' ? 'entries' : 'body';
    const node = this.node(name);
    if (node === undefined) {
      this.refuse(name, `A mapping ${direction} has ${name}.`);
      return { kind: 'entries', entries: [] };
    }
    if (direction === 'out') return { kind: 'body', body: this.reader.read(node) };
    if (!isSeq(node)) this.refuse(name, 'entries is a list.');
    return { kind: 'entries', entries: readEntries(this.reader.read(node), this.reader) };
  }

  /** `input` or `output`: the format, its options, and what only one of the two has. */
  private readFormat(
    own: string,
  ): Pick<MappingDocument, 'format' | 'formatPlace' | 'options' | 'schema' | 'mediaType'> {
    const node = this.node(own);
    const place = this.reader.placeOf(node ?? this.root);
    const fallback = {
      format: 'json' as const,
      formatPlace: place,
      options: {},
      schema: undefined,
      mediaType: undefined,
    };
    if (!isMap(node)) {
      this.refuse(own, `${own} is a map with a format.`);
      return fallback;
    }
    const map = node as StringMap;
    this.checkKeys(map, [
      'format',
      ...OPTIONS,
      ...(own === 'input' ? ['groups', 'schema', 'type'] : ['bom', 'mediaType']),
    ]);
    const options: { -readonly [Option in keyof FormatOptions]: FormatOptions[Option] } = {};
    for (const name of ['encoding', 'delimiter'] as const) {
      const text = this.text(map, name);
      if (text !== undefined) options[name] = text;
    }
    for (const name of ['lists', 'columns'] as const) {
      const texts = this.texts(map, name);
      if (texts !== undefined) options[name] = texts;
    }
    const schema = this.text(map, 'schema');
    const format = FORMAT_NAMES.find((one) => one === this.text(map, 'format'));
    const groups = own === 'input' ? this.readGroups(map, format) : undefined;
    if (groups !== undefined) options.groups = groups;
    if (own === 'output' && this.readBom(map, format, options.encoding)) options.bom = true;
    if (format === undefined) this.reader.refuse(place, `The format is one of ${FORMAT_NAMES.join(', ')}.`);
    return {
      format: format ?? ('json' satisfies FormatName),
      formatPlace: this.reader.placeOf(map.get('format', true) as Node | undefined),
      options: options satisfies FormatOptions,
      schema:
        schema === undefined
          ? undefined
          : { name: 'schema', path: schema, place: this.reader.placeOf(map.get('schema', true) as Node) },
      mediaType: this.text(map, 'mediaType'),
    };
  }

  private readGroups(map: StringMap, format: FormatName | undefined): Record<string, string[]> | undefined {
    const node = map.get('groups', true);
    if (node === undefined) return undefined;
    const place = this.reader.placeOf(node as Node);
    if (!isMap(node)) {
      this.reader.refuse(place, 'groups is a map from a name to the segments of the group: provider: [PRD, CTD].');
      return undefined;
    }
    if (format !== 'hl7v2') this.reader.refuse(place, 'Only HL7 v2 has groups of segments.');
    const groups: Record<string, string[]> = {};
    for (const { key } of (node as StringMap).items) {
      groups[String(key.value)] = this.texts(node as StringMap, String(key.value)) ?? [];
    }
    const wrong = wrongGroups(groups);
    if (wrong !== undefined) this.reader.refuse(place, wrong);
    return groups;
  }

  /** Another encoding has no byte order mark, and readers of the other formats need none. */
  private readBom(map: StringMap, format: FormatName | undefined, encoding: string | undefined): boolean {
    const node = map.get('bom', true);
    if (node === undefined) return false;
    const place = this.reader.placeOf(node as Node);
    const isUtf8 = encoding === undefined || decoderFor(encoding)?.encoding === 'utf-8';
    if (!isScalar(node) || typeof node.value !== 'boolean') this.reader.refuse(place, 'bom is true or false.');
    else if (format !== 'csv' || !isUtf8) this.reader.refuse(place, 'Only CSV in utf-8 has a byte order mark here.');
    return isScalar(node) && (node.value as unknown) === true;
  }

  /** `input.type`: out, what is routed here; in, the root of a FHIR message. */
  private readType(direction: 'in' | 'out', format: FormatName): string | undefined {
    const node = this.node('input');
    if (!isMap(node)) {
      if (node !== undefined && direction === 'out') this.refuse('input', 'input is a map with a type.');
      return undefined;
    }
    const map = node as StringMap;
    if (direction === 'out') this.checkKeys(map, ['type']);
    const type = this.text(map, 'type');
    if (type === undefined) return undefined;
    const place = this.reader.placeOf(map.get('type', true) as Node);
    if (direction === 'in' && FORMATS[format].dialect !== 'fhir') {
      this.reader.refuse(place, 'Only FHIR has a type; what other messages look like is said by a schema.');
    } else if (!isResourceType(type)) {
      this.reader.refuse(place, `This is no resource type of R4.${suggestion(type, resourceTypes())}`);
    }
    return type;
  }

  private readInverse(): string | undefined {
    const node = this.node('inverse');
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'string' && readMappingName(node.value) !== undefined)
      return node.value;
    this.refuse('inverse', 'inverse names the mapping that goes the other way with the same message, or is none.');
    return undefined;
  }

  private readIgnore(): IgnoredField[] {
    const node = this.node('ignore');
    if (node === undefined) return [];
    if (!isMap(node)) {
      this.refuse('ignore', 'ignore is a map from the path of a field to the reason why it is left unread.');
      return [];
    }
    return (node as StringMap).items.flatMap(({ key, value }) => {
      const place = this.reader.placeOf(key);
      const path = readFieldPath(String(key.value));
      const reason = isScalar(value) && typeof value.value === 'string' ? value.value.trim() : '';
      if (path === undefined)
        this.reader.refuse(place, 'A path is names with dots between them; `odd names` in backticks.');
      if (reason === '') this.reader.refuse(place, 'Say why this field is left unread: path: reason.');
      return path === undefined ? [] : [{ path, reason, place }];
    });
  }

  private readCodes(): NamedFile[] {
    const node = this.node('codes');
    if (node === undefined) return [];
    if (!isMap(node)) {
      this.refuse('codes', 'codes is a map from a name to a CSV file or a ConceptMap.');
      return [];
    }
    return (node as StringMap).items.flatMap(({ key, value }) => {
      const place = this.reader.placeOf(key);
      if (isScalar(value) && typeof value.value === 'string') {
        return [{ name: String(key.value), path: value.value, place }];
      }
      this.reader.refuse(place, 'A code map is named by its file.');
      return [];
    });
  }

  private readRefuse(): RefuseRule[] {
    const node = this.node('refuse');
    if (node === undefined) return [];
    if (!isSeq(node)) {
      this.refuse('refuse', 'refuse is a list of rules, each with when and text.');
      return [];
    }
    return node.items.flatMap((item) => {
      const place = this.reader.placeOf(item as Node);
      if (!isMap(item)) {
        this.reader.refuse(place, 'A rule is a map of when and text.');
        return [];
      }
      const map = item as StringMap;
      this.checkKeys(map, ['when', 'text']);
      const when = this.reader.readHole(map.get('when', true) as Node | undefined);
      const node = map.get('text', true);
      const text = isScalar(node) ? this.reader.readScalar(node) : undefined;
      if (text?.kind === 'constant' && typeof text.value === 'string')
        return when === undefined ? [] : [{ when, text: text.value, place }];
      this.reader.refuse(place, 'The text of a rule is constant, so that no value of the message can get into it.');
      return [];
    });
  }

  private checkKeys(map: StringMap, allowed: readonly string[]): void {
    for (const { key } of map.items) {
      const name = String(key.value);
      if (!allowed.includes(name)) {
        this.reader.refuse(this.reader.placeOf(key), `There is no such key here; there are ${allowed.join(', ')}.`);
      }
    }
  }

  private node(name: string): Node | undefined {
    return isMap(this.root) ? ((this.root.get(name, true) as Node | undefined) ?? undefined) : undefined;
  }

  private scalar(name: string): unknown {
    const node = this.node(name);
    return isScalar(node) ? node.value : undefined;
  }

  private text(map: StringMap, name: string): string | undefined {
    const node = map.get(name, true);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    this.reader.refuse(this.reader.placeOf(node as Node), `${name} is a text.`);
    return undefined;
  }

  private texts(map: StringMap, name: string): string[] | undefined {
    const node = map.get(name, true);
    if (node === undefined) return undefined;
    if (isSeq(node)) {
      const values = node.items.map((item) => (isScalar(item) ? item.value : undefined));
      if (values.every((value): value is string => typeof value === 'string')) return values;
    }
    this.reader.refuse(this.reader.placeOf(node as Node), `${name} is a list of texts.`);
    return undefined;
  }

  private refuse(name: string, text: string): void {
    this.reader.refuse(this.reader.source.placeAt(nodeStart(this.node(name) ?? this.root)), text);
  }
}
