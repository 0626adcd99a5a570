import { Ajv2020 } from 'ajv/dist/2020.js';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { openApiDocument } from './openapi.js';

test('the OpenAPI document is generated from the contract (write it anew: vitest run -u)', async () => {
  const text = await format(JSON.stringify(openApiDocument()), { parser: 'json', printWidth: 100 });
  await expect(text).toMatchFileSnapshot('../openapi.json');
});

test('every schema of the OpenAPI document is a JSON schema', () => {
  const ajv = new Ajv2020({ strict: false });
  for (const operations of Object.values((openApiDocument() as { paths: object }).paths)) {
    for (const { requestBody, responses } of Object.values<any>(operations as object)) {
      const contents = [requestBody?.content, responses[200].content];
      for (const content of contents.filter(Boolean)) {
        const schema = content['application/json']?.schema ?? {};
        expect(() => ajv.compile(schema)).not.toThrow();
      }
    }
  }
});
