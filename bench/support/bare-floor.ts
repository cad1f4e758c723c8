import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { openFloorDatabase } from './floor-database.ts';
import { listenBareMllp } from './floor-mllp.ts';

/** The bare floor: node:http, JSON parsed and printed, and one INSERT into one table or one SELECT from it. */

process.once('message', ({ folder }: { folder: string }) => {
  const database = openFloorDatabase(folder);
  database.exec(`
    CREATE TABLE bare (id TEXT PRIMARY KEY, patient TEXT, type TEXT, content TEXT NOT NULL) STRICT;
    INSERT INTO bare SELECT id, CASE type WHEN 'Patient' THEN id ELSE patient END, type, content FROM version
      WHERE true ON CONFLICT DO NOTHING;
    CREATE INDEX bare_patient ON bare (patient, type);
    CREATE TABLE nhs_number (value TEXT PRIMARY KEY, id TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO nhs_number SELECT value, id FROM identifier WHERE type = 'Patient' AND system LIKE '%nhs-number'`);
  const insert = database.prepare('INSERT INTO bare (id, content) VALUES (?, ?)');
  const one = database.prepare('SELECT content FROM bare WHERE id = ?');
  const ofPatient = database.prepare('SELECT content FROM bare WHERE patient = ? AND type = ?');
  const ofNumber = database.prepare(
    'SELECT b.content FROM nhs_number n CROSS JOIN bare b WHERE n.value = ? AND b.patient = n.id',
  );

  const send = (response: ServerResponse, status: number, value: unknown): void => {
    const text = JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  };
  const bundle = (rows: readonly Record<string, unknown>[]): unknown => ({
    resourceType: 'Bundle',
    entry: rows.map(({ content }) => ({ resource: JSON.parse(String(content)) })),
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '';
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      insert.run(randomUUID(), JSON.stringify(body));
      if (url.startsWith('/fhir/')) send(response, 201, body);
      else send(response, 200, { state: 'accepted', created: ['ServiceRequest/1'] });
      return;
    }
    const query = url.split('?')[1];
    const value = query?.slice(Math.max(query.lastIndexOf('='), query.lastIndexOf('|')) + 1) ?? '';
    if (query?.startsWith('patient=')) send(response, 200, bundle(ofPatient.all(value, 'ServiceRequest')));
    else if (query !== undefined) send(response, 200, bundle(ofNumber.all(value)));
    else send(response, 200, JSON.parse(String(one.get(url.slice(url.lastIndexOf('/') + 1))?.content)));
  };

  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const httpPort = typeof address === 'object' && address !== null ? address.port : 0;
    const write = (message: string): void => void insert.run(randomUUID(), message);
    void listenBareMllp(write).then((mllpPort) => process.send?.({ httpPort, mllpPort }));
  });
});
