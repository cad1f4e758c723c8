import express, { type Request, type Response } from 'express';
import { openFloorDatabase, prepareWrites } from './floor-database.ts';
import { listenBareMllp } from './floor-mllp.ts';
import type { Prepared } from './prepare.ts';

/**
 * The fair floor: express 5 and the very rows that Ginnel writes and reads for the same request, by bare prepared
 * statements. No token, no mapping, no validation, no look-up, no routing.
 */

const PLAN_TYPES = [
  'CarePlan',
  'CareTeam',
  'ServiceRequest',
  'Goal',
  'Condition',
  'Task',
  'Encounter',
  'RelatedPerson',
] as const;
const CURRENT = 'SELECT content FROM version WHERE type = ? AND id = ? ORDER BY version DESC LIMIT 1';
const BY_PATIENT = `SELECT v.content FROM reference f CROSS JOIN resource c CROSS JOIN version v
  WHERE f.type = ? AND f.param = 'patient' AND f.target = ? AND f.target_type = 'Patient'
    AND c.type = f.type AND c.id = f.id AND v.type = c.type AND v.id = c.id AND v.version = c.version`;

process.once('message', ({ folder, prepared }: { folder: string; prepared: Prepared }) => {
  const database = openFloorDatabase(folder);
  const write = prepareWrites(database, prepared.templates);
  const current = database.prepare(CURRENT);
  const byPatient = database.prepare(BY_PATIENT);
  const byIdentifier = database.prepare('SELECT id FROM identifier WHERE type = ? AND system = ? AND value = ?');
  const contentOf = (type: string, id: string): string => String(current.get(type, id)?.content);
  const contentsOf = (type: string, patient: string): string[] =>
    byPatient.all(type, patient).map(({ content }) => String(content));
  const sendBundle = (response: Response, contents: readonly string[]): void => {
    const entries = contents.map((content) => `{"resource":${content}}`).join(',');
    response.type('application/fhir+json').send(`{"resourceType":"Bundle","entry":[${entries}]}`);
  };
  const workOf = (request: Request): string => String(request.headers['x-work']);

  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  const json = express.json({ type: () => true, limit: '10mb' });
  app.post('/intake/:partner/:channel', json, (request, response) => {
    write(workOf(request));
    response.json({ state: 'accepted', created: ['ServiceRequest/1'], message: request.body.messageGuid });
  });
  app.post('/fhir/:type', json, (request, response) => {
    write(workOf(request));
    response.status(201).type('application/fhir+json').send(JSON.stringify(request.body));
  });
  app.get('/fhir/Patient/\\$shared-care-plan', (request, response) => {
    const [system = '', value = ''] = String(request.query.identifier).split('|');
    const id = String(byIdentifier.get('Patient', system, value)?.id);
    const contents = [contentOf('Patient', id), ...PLAN_TYPES.flatMap((type) => contentsOf(type, id))];
    for (const reference of prepared.directory) {
      const [type = '', directoryId = ''] = reference.split('/');
      contents.push(contentOf(type, directoryId));
    }
    write(workOf(request));
    sendBundle(response, contents);
  });
  app.get('/fhir/:type/:id', (request, response) => {
    const content = contentOf(request.params.type, request.params.id);
    write(workOf(request));
    response.type('application/fhir+json').send(content);
  });
  app.get('/fhir/:type', (request, response) => {
    const contents = contentsOf(request.params.type, String(request.query.patient));
    write(workOf(request));
    sendBundle(response, contents);
  });
  const server = app.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const httpPort = typeof address === 'object' && address !== null ? address.port : 0;
    void listenBareMllp(() => write('admission')).then((mllpPort) => process.send?.({ httpPort, mllpPort }));
  });
});
