import { expect, it } from 'vitest';
import { curlOf, operationsOf, requestOf } from './openapi';

const document = {
  paths: {
    '/v1/inventory/{sku}': {
      put: {
        operationId: 'put_item',
        tags: ['inventory'],
        parameters: [
          { name: 'sku', in: 'path' as const, required: true, schema: { examples: ['TSHIRT-M'] } },
          { name: 'X-Store-ID', in: 'header' as const, required: true },
          { name: 'limit', in: 'query' as const },
        ],
        requestBody: { content: { 'application/json': { example: { on_hand: 1 } } } },
      },
    },
  },
};

it('a call is what the document says, and the same for a shell', () => {
  const [operation] = operationsOf(document);
  if (operation === undefined) throw new Error('one operation');
  expect(operation.parameters[0]?.sample).toBe('TSHIRT-M');
  const request = requestOf(operation, { sku: 'a/b', 'X-Store-ID': 'acme', limit: '5' }, '{"name": "it\'s"}');
  expect(request).toEqual({
    method: 'PUT',
    address: '/v1/inventory/a%2Fb?limit=5',
    headers: { 'X-Store-ID': 'acme', 'Content-Type': 'application/json' },
    body: '{"name": "it\'s"}',
  });
  expect(curlOf('http://127.0.0.1:8080', request)).toBe(
    "curl -X PUT 'http://127.0.0.1:8080/v1/inventory/a%2Fb?limit=5' \\\n  -H 'X-Store-ID: acme' \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"name\": \"it'\\''s\"}'",
  );
});
