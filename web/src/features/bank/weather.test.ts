import { expect, it } from 'vitest';
import { choiceOf } from './weather';

it('the weather is told by what it is, whoever made it', () => {
  expect(choiceOf({ mode: 'down' })).toBe('down');
  expect(choiceOf({ mode: 'ok', drop_after: 0.2 })).toBe('lost');
  expect(choiceOf({ mode: 'ok', drop_after: 0, webhook: { duplicate: 0.5 } })).toBe('duplicate');
  expect(choiceOf({})).toBe('ok');
  expect(choiceOf({ mode: 'brownout' })).toBe(null);
});
