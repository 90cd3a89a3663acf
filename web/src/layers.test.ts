import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

// What each folder may use: `api` and `ui` stand alone (ui knows the API's words, as types), a feature uses both and no
// other feature, and only `app` knows features.

const SRC = import.meta.dirname;

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return /\.tsx?$/.test(entry.name) && !/\.(test|gen)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function imports(): Import[] {
  return files(SRC).flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(
      /^(?:import|export)\s+(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gms,
    );
    return [...found].flatMap((match): Import[] => {
      const target = match[2] ?? match[3] ?? '';
      let path: string;
      if (target.startsWith('@/')) path = target.slice(2);
      else if (target.startsWith('.')) path = relative(SRC, resolve(dirname(file), target));
      else return [];
      return [{ from: relative(SRC, file), to: path, isType: match[1] !== undefined }];
    });
  });
}

/** The folder that decides what a file may use: api, ui, app, or one feature. */
function layer(path: string): string {
  const parts = path.split('/');
  return parts[0] === 'features' ? `features/${parts[1] ?? ''}` : (parts[0] ?? '');
}

function isAllowed({ from, to, isType }: Import): boolean {
  const [here, there] = [layer(from), layer(to)];
  if (here === there || here === 'main.tsx') return true;
  if (here === 'api') return false;
  if (here === 'ui') return there === 'api' && isType;
  if (here.startsWith('features/')) return there === 'api' || there === 'ui';
  return here === 'app' && (there === 'api' || there === 'ui');
}

it('every folder uses only what it may', () => {
  const all = imports();
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((one) => !isAllowed(one)).map((one) => `${one.from} uses ${one.to}`)).toEqual([]);
});

it('and the rule refuses what it should', () => {
  const one = (from: string, to: string, isType = false) => isAllowed({ from, to, isType });
  expect(one('features/orders/page.tsx', 'features/dashboard/page')).toBe(false);
  expect(one('features/orders/page.tsx', 'app/frame')).toBe(false);
  expect(one('ui/status.tsx', 'api')).toBe(false);
  expect(one('ui/status.tsx', 'api', true)).toBe(true);
  expect(one('api/call.ts', 'ui')).toBe(false);
});
