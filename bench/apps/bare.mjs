// The frameworks alone: the same answers, and nobody is asked who they are. Ours says that answers vary by cookie, as every
// route with sessions should, so these say so too: both send the same bytes.
import { caller, express, fastify } from './kit.mjs';

export async function create({ bearer }, variant) {
  const { email: _, ...anonymous } = caller;
  const body = bearer ? anonymous : caller;
  return variant === 'express'
    ? express((app) => app.get('/me', (req, res) => res.vary('Cookie').json(body)))
    : fastify((app) =>
        app.get('/me', async (request, reply) => {
          reply.header('vary', 'Cookie');
          return body;
        }),
      );
}
