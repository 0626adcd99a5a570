import {
  assertSignedIn,
  createKinde,
  kinde,
  memoryStore,
  optionsFromEnv,
  protect,
  toHttpRequest,
  type KindeOptions,
} from '@kindling/fastify';
import createFastify, { type FastifyInstance } from 'fastify';
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

const HTML = 'text/html; charset=utf-8';

/** The todo app on Fastify. Without options it reads `KINDE_*` from the environment. */
export async function createApp(
  options: Partial<KindeOptions> = {},
  members = createMembers(),
): Promise<FastifyInstance> {
  const todos = createTodoList();
  const app = createFastify({ bodyLimit: 10_240 });
  app.addHook('onRequest', async (_request, reply) => void reply.headers(PAGE_HEADERS));
  const { session = { coordination: memoryStore() } } = options;
  const instance = createKinde(
    optionsFromEnv(undefined, {
      renderProblem: problemPage,
      ...options,
      session,
    }),
  );
  await app.register(kinde, instance);
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );

  app.get('/', async (request, reply) => reply.type(HTML).send(landingPage(request.kinde)));
  app.get('/profile', { onRequest: protect() }, async (request, reply) =>
    reply.type(HTML).send(profilePage(request.kinde)),
  );

  app.get('/sessions', { onRequest: protect() }, async (request, reply) => {
    assertSignedIn(request.kinde);
    const found = await instance.sessions.list(request.kinde.user.id, toHttpRequest(request));
    return reply.type(HTML).send(sessionsPage(request.kinde, found));
  });
  app.post<{ Params: { id: string } }>(
    '/sessions/:id/end',
    { onRequest: protect() },
    async (request, reply) => {
      assertSignedIn(request.kinde);
      await instance.sessions.revoke(request.kinde.user.id, request.params.id);
      return reply.redirect('/sessions', 303);
    },
  );
  app.post('/sessions/end-all', { onRequest: protect() }, async (request, reply) => {
    assertSignedIn(request.kinde);
    await instance.sessions.revokeUser(request.kinde.user.id);
    return reply.redirect('/', 303);
  });

  app.get<{ Querystring: { filter?: string } }>(
    '/todos',
    { onRequest: protect({ permissions: 'read:todos' }) },
    async (request, reply) =>
      reply.type(HTML).send(
        todosPage(request.kinde, todos.all(request.kinde), {
          filter: String(request.query.filter ?? 'all'),
        }),
      ),
  );
  app.post<{ Body?: { title?: string } }>(
    '/todos',
    { onRequest: protect({ permissions: 'create:todos' }) },
    async (request, reply) => {
      const added = todos.add(request.kinde, String(request.body?.title ?? ''));
      if (typeof added !== 'string') {
        return reply.redirect('/todos', 303);
      }
      return reply
        .code(422)
        .type(HTML)
        .send(todosPage(request.kinde, todos.all(request.kinde), { error: added }));
    },
  );
  app.post<{ Params: { id: string } }>(
    '/todos/:id/toggle',
    { onRequest: protect({ permissions: 'update:todos' }) },
    async (request, reply) => {
      todos.toggle(request.kinde, request.params.id);
      return reply.redirect('/todos', 303);
    },
  );
  app.post<{ Params: { id: string } }>(
    '/todos/:id/delete',
    { onRequest: protect({ permissions: 'delete:todos' }) },
    async (request, reply) => {
      todos.remove(request.kinde, request.params.id);
      return reply.redirect('/todos', 303);
    },
  );

  app.get(
    '/members',
    { onRequest: protect({ permissions: 'read:members' }) },
    async (request, reply) => reply.type(HTML).send(await members.page(request.kinde)),
  );
  app.post<{ Params: { id: string }; Body?: { role?: string } }>(
    '/members/:id/role',
    { onRequest: protect({ permissions: 'update:members' }) },
    async (request, reply) => {
      const error = await members.setRole(
        request.kinde,
        request.params.id,
        String(request.body?.role ?? ''),
      );
      if (!error) {
        return reply.redirect('/members', 303);
      }
      return reply
        .code(422)
        .type(HTML)
        .send(await members.page(request.kinde, error));
    },
  );

  app.get('/api/todos', { onRequest: protect({ permissions: 'read:todos' }) }, async (request) => ({
    todos: todos.all(request.kinde),
  }));
  app.post<{ Body?: { title?: string } }>(
    '/api/todos',
    { onRequest: protect({ permissions: 'create:todos' }) },
    async (request, reply) => {
      const added = todos.add(request.kinde, String(request.body?.title ?? ''));
      if (typeof added === 'string') {
        return reply.code(422).type('application/problem+json').send({ status: 422, title: added });
      }
      return reply.code(201).send(added);
    },
  );

  app.setNotFoundHandler((request, reply) =>
    reply.code(404).type(HTML).send(notFoundPage(request.kinde)),
  );
  return app;
}
