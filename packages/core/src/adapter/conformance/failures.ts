import { same } from '../../store/conformance/check.js';
import { check, type AdapterCheck } from './check.js';
import { PAGE, type Answer } from './visitor.js';

/** Errors that are nobody's answer: they belong to the error handler of the app. */
export const failures: readonly AdapterCheck[] = [
  check(
    'an error of a handler reaches the error handler of the app',
    async (site) => wasHandled(await site.visitor().open('/throws'), 'GET /throws'),
    { needs: '/throws' },
  ),
  check(
    'an error of a guard reaches the error handler of the app',
    async (site) => {
      const user = await site.signedIn();
      wasHandled(await user.open('/guard-throws'), 'GET /guard-throws');
    },
    { needs: '/throws' },
  ),
  check(
    'an error that `onError` throws in an auth route reaches the error handler of the app',
    async (site) => {
      wasHandled(
        await site.visitor().open('/callback?code=1&state=2', { headers: PAGE }),
        'GET /callback',
      );
    },
    {
      needs: '/throws',
      options: () => ({
        onError() {
          throw new Error('as it should');
        },
      }),
    },
  ),
];

function wasHandled({ status, body }: Answer, what: string): void {
  same(status, 500, `${what}: status`);
  same(body, 'handled: as it should', `${what}: body`);
}
