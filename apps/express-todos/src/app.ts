import {
  assertSignedIn,
  createKinde,
  kinde,
  memoryStore,
  optionsFromEnv,
  protect,
  toHttpRequest,
  type KindeOptions,
} from '@kindling/express';
import express, { type Express } from 'express';
import {
  createMembers,
  createTodoList,
  landingPage,
  notFoundPage,
  PAGE_HEADERS,
  problemPage,
  profilePage,
  sessionsPage,
  todosPage,
} from 'todos';

/** The todo app on Express. Without options it reads `KINDE_*` from the environment. */
export function createApp(options: Partial<KindeOptions> = {}, members = createMembers()): Express {
  const todos = createTodoList();
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set(PAGE_HEADERS);
    next();
  });
  const { session = { coordination: memoryStore() } } = options;
  const instance = createKinde(
    optionsFromEnv(undefined, {
      renderProblem: problemPage,
      ...options,
      session,
    }),
  );
  app.use(kinde(instance));
  app.use(express.urlencoded({ extended: false, limit: '10kb' }), express.json({ limit: '10kb' }));

  app.get('/', (req, res) => void res.send(landingPage(req.kinde)));
  app.get('/profile', protect(), (req, res) => void res.send(profilePage(req.kinde)));

  app.get('/sessions', protect(), async (req, res) => {
    assertSignedIn(req.kinde);
    res.send(
      sessionsPage(req.kinde, await instance.sessions.list(req.kinde.user.id, toHttpRequest(req))),
    );
  });
  app.post('/sessions/:id/end', protect(), async (req, res) => {
    assertSignedIn(req.kinde);
    await instance.sessions.revoke(req.kinde.user.id, String(req.params['id']));
    res.redirect(303, '/sessions');
  });
  app.post('/sessions/end-all', protect(), async (req, res) => {
    assertSignedIn(req.kinde);
    await instance.sessions.revokeUser(req.kinde.user.id);
    res.redirect(303, '/');
  });

  app.get('/todos', protect({ permissions: 'read:todos' }), (req, res) => {
    res.send(
      todosPage(req.kinde, todos.all(req.kinde), { filter: String(req.query['filter'] ?? 'all') }),
    );
  });
  app.post('/todos', protect({ permissions: 'create:todos' }), (req, res) => {
    const added = todos.add(req.kinde, String(req.body?.title ?? ''));
    if (typeof added === 'string') {
      res.status(422).send(todosPage(req.kinde, todos.all(req.kinde), { error: added }));
    } else {
      res.redirect(303, '/todos');
    }
  });
  app.post('/todos/:id/toggle', protect({ permissions: 'update:todos' }), (req, res) => {
    todos.toggle(req.kinde, String(req.params['id']));
    res.redirect(303, '/todos');
  });
  app.post('/todos/:id/delete', protect({ permissions: 'delete:todos' }), (req, res) => {
    todos.remove(req.kinde, String(req.params['id']));
    res.redirect(303, '/todos');
  });

  app.get('/members', protect({ permissions: 'read:members' }), async (req, res) => {
    res.send(await members.page(req.kinde));
  });
  app.post('/members/:id/role', protect({ permissions: 'update:members' }), async (req, res) => {
    const error = await members.setRole(
      req.kinde,
      String(req.params['id']),
      String(req.body?.role ?? ''),
    );
    if (error) {
      res.status(422).send(await members.page(req.kinde, error));
    } else {
      res.redirect(303, '/members');
    }
  });

  app.get(
    '/api/todos',
    protect({ permissions: 'read:todos' }),
    (req, res) => void res.json({ todos: todos.all(req.kinde) }),
  );
  app.post('/api/todos', protect({ permissions: 'create:todos' }), (req, res) => {
    const added = todos.add(req.kinde, String(req.body?.title ?? ''));
    if (typeof added === 'string') {
      res.status(422).type('application/problem+json').send({ status: 422, title: added });
    } else {
      res.status(201).json(added);
    }
  });

  app.use((req, res) => void res.status(404).send(notFoundPage(req.kinde)));
  return app;
}
