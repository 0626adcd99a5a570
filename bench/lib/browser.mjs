// The little of a browser that a login needs. The app answers at its own port, whatever address its cookies are for.
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One request, nothing followed. */
export function ask(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const req = request(url, { method, headers: { ...headers, ...length }, agent }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part) => (text += part));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text }));
    });
    req.on('error', reject).end(body);
  });
}

export function createBrowser(site, port) {
  const jar = new Map();
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const open = async (url, options = {}) => {
    const target = new URL(url, site);
    const own = target.origin === site;
    if (own) target.port = port;
    const headers = { ...options.headers, ...(own && jar.size > 0 && { cookie: cookie() }) };
    const answer = await ask(target, { ...options, headers });
    for (const line of own ? (answer.headers['set-cookie'] ?? []) : []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /max-age=0|expires=thu, 01[ -]jan[ -]1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  /** Signs in, following every redirect back to the site. */
  const signIn = async (path) => {
    let answer = typeof path === 'function' ? await path(open) : await open(path);
    for (let hops = 0; answer.headers.location && hops < 8; hops++) {
      const target = new URL(answer.headers.location, site);
      if (target.origin === site && target.pathname === '/') return;
      answer = await open(target);
    }
    if (answer.status >= 400) throw new Error(`login ended in ${answer.status}: ${answer.text.slice(0, 300)}`);
  };
  return { jar, cookie, open, signIn };
}
