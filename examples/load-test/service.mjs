// A small API with a database, measured as an application would have it:
//   node --import gaugeway/register examples/load-test/service.mjs
import { DatabaseSync } from 'node:sqlite';
import express from 'express';
import { queries } from 'gaugeway';
import { createExpressMiddleware } from 'gaugeway/http';

const database = new DatabaseSync(':memory:');
database.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL)');
const insert = database.prepare('INSERT INTO items (name, price) VALUES (?, ?)');
for (let id = 1; id <= 10_000; id++) insert.run(`item ${id}`, (id * 7) % 100);

const one = database.prepare('SELECT * FROM items WHERE id = ?');
const some = database.prepare('SELECT * FROM items WHERE price < ? ORDER BY price LIMIT 20');
const select = (work) =>
  queries.run({ system: 'sqlite', operation: 'SELECT', collection: 'items', namespace: 'main' }, work);
const update = (work) =>
  queries.run({ system: 'sqlite', operation: 'INSERT', collection: 'items', namespace: 'main' }, work);

const app = express();
app.use(createExpressMiddleware(), express.json());
app.get('/items/:id', (request, response) => {
  const item = select(() => one.get(Number(request.params.id)));
  if (item === undefined) response.sendStatus(404);
  else response.json(item);
});
app.get('/items', (request, response) => response.json(select(() => some.all(Number(request.query.below ?? 50)))));
app.post('/items', (request, response) => {
  const { name = 'new', price = 1 } = request.body ?? {};
  response.status(201).json({ id: update(() => insert.run(name, price)).lastInsertRowid });
});

const server = app.listen(Number(process.env.PORT ?? 8788), '127.0.0.1', () =>
  console.log(`listening at http://127.0.0.1:${server.address().port}`),
);
