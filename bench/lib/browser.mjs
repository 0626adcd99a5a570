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
      res.on('end', () =>
        resolve({ status: res.statusCode, headers: res.headers, text, head: headOf(res) }),
      );
    });
    req.on('error', reject).end(body);
  });
}

/** How many bytes an answer's head was on the wire. */
function headOf({ httpVersion, statusCode, statusMessage, rawHeaders }) {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`, ''];
  for (let n = 0; n < rawHeaders.length; n += 2) {
    lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`);
  }
  return lines.reduce((sum, line) => sum + line.length + 2, 0);
}

/** What browsers say when somebody opens a page. */
const NAVIGATION = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
};

export function createBrowser(site, port) {
  const jar = new Map();
  let from = 'none';
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const open = async (url, options = {}) => {
    const target = new URL(url, site);
    const own = target.origin === site;
    if (own) {
      target.port = port;
    } else {
      from = 'cross-site';
    }
    const headers = {
      ...(options.method === undefined && { ...NAVIGATION, 'sec-fetch-site': from }),
      ...options.headers,
      ...(own && { host: new URL(site).host }),
      ...(own && jar.size > 0 && { cookie: cookie() }),
    };
    const answer = await ask(target, { ...options, headers });
    for (const line of own ? (answer.headers['set-cookie'] ?? []) : []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /max-age=0|expires=thu, 01[ -]jan[ -]1970/i.test(line)) {
        jar.delete(name);
      } else {
        jar.set(name, value);
      }
    }
    return answer;
  };
  /** Signs in, following every redirect back to the site. Answers what the site answered last: with the session. */
  const signIn = async (path) => {
    from = 'none';
    let answer = typeof path === 'function' ? await path(open) : await open(path);
    for (let hops = 0; answer.headers.location && hops < 8; hops++) {
      const target = new URL(answer.headers.location, site);
      if (target.origin === site && target.pathname === '/') {
        return answer;
      }
      answer = await open(target);
    }
    if (answer.status >= 400) {
      throw new Error(`login ended in ${answer.status}: ${answer.text.slice(0, 300)}`);
    }
    return answer;
  };
  return { jar, cookie, open, signIn };
}
