import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { readBytes, readText, type Body } from '../src/body.js';

const bytes = (text: string) => new TextEncoder().encode(text);

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** A web stream that reports whether it was cancelled. */
function stream(parts: Uint8Array[], cancel = vi.fn<() => void | Promise<void>>()) {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const part = parts.shift();
      if (part) {
        controller.enqueue(part);
      } else {
        controller.close();
      }
    },
    cancel,
  });
  return { body, cancel };
}

const sources: [string, (...parts: string[]) => Body][] = [
  ['a web stream', (...parts) => stream(parts.map(bytes)).body],
  ['a stream of Node', (...parts) => Readable.from(parts.map(bytes))],
  ['a generator', (...parts) => chunks(...parts.map(bytes))],
];

describe.each(sources)('%s', (_, bodyOf) => {
  test('is read to its end', async () => {
    expect(await readText(bodyOf('first ', 'second'), 100)).toBe('first second');
  });

  test('may have as many bytes as allowed, and not one more', async () => {
    expect(await readBytes(bodyOf('12', '345'), 5)).toEqual(bytes('12345'));
    expect(await readBytes(bodyOf('12', '345'), 4)).toBeUndefined();
  });

  test('has no bytes when it is empty', async () => {
    expect(await readBytes(bodyOf(), 5)).toEqual(new Uint8Array());
  });
});

test.each([null, undefined])('%s is a body without bytes', async (body) => {
  expect(await readBytes(body, 5)).toEqual(new Uint8Array());
  expect(await readText(body, 5)).toBe('');
});

test('a character that two chunks share is decoded, and a byte order mark is left out', async () => {
  const [first = 0, second = 0] = bytes('é');
  const body = chunks(bytes('\uFEFFcaf'), Uint8Array.of(first), Uint8Array.of(second));
  expect(await readText(body, 100)).toBe('café');
});

test('a body that is too large is cancelled, and the rest stays unread', async () => {
  const parts = [bytes('12345'), bytes('6'), bytes('7'), bytes('8')];
  const { body, cancel } = stream(parts);
  expect(await readText(body, 4)).toBeUndefined();
  expect(cancel).toHaveBeenCalledOnce();
  expect(parts.length).toBeGreaterThan(0);
});

test('a body that is too large is refused although it cannot be cancelled', async () => {
  const cancel = vi.fn<() => Promise<void>>().mockRejectedValue(new Error('stuck'));
  expect(await readText(stream([bytes('12345')], cancel).body, 4)).toBeUndefined();
  const hanging = vi.fn<() => Promise<void>>().mockReturnValue(new Promise(() => {}));
  expect(await readText(stream([bytes('12345')], hanging).body, 4)).toBeUndefined();
});

test('a body that breaks off is an error', async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('broken off')),
  });
  await expect(readBytes(body, 100)).rejects.toThrow('broken off');
});

test('a body of text chunks is an error: how it was encoded is unknown', async () => {
  await expect(readBytes(Readable.from(['text']), 100)).rejects.toThrow(TypeError);
  await expect(readBytes(Readable.from(['', 'text']), 100)).rejects.toThrow(TypeError);
});
