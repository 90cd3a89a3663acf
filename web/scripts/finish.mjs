// After the build: weighs the first load of the dashboard, and fails where it is heavier than people should wait for; puts a
// compressed form beside every file, so that the server compresses nothing while it runs.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const BUDGET_KIB = 300;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist)));
rmSync(new URL('.vite', dist), { recursive: true });

const sizes = new Map();
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = `${entry.parentPath}/${entry.name}`;
  const name = path.slice(dist.pathname.length).replace(/^\//, '');
  const bytes = readFileSync(path);
  sizes.set(name, bytes.length);
  if (name.endsWith('.woff2')) continue;
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  const gzip = gzipSync(bytes, { level: 9 });
  // A form that saves nothing is not worth a file.
  if (gzip.length < bytes.length) writeFileSync(`${path}.gz`, gzip);
  if (brotli.length >= bytes.length) continue;
  writeFileSync(`${path}.br`, brotli);
  sizes.set(name, brotli.length);
}

// What a browser fetches to show the dashboard: the page, its scripts and styles, and the fonts it draws English with.
const files = new Set(['index.html', 'theme.js', 'favicon.svg']);
const seen = new Set();
function take(key) {
  if (seen.has(key)) return;
  seen.add(key);
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`the build has no ${key}`);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const asset of chunk.assets ?? []) if (/-latin-wght-normal.*\.woff2$/.test(asset)) files.add(asset);
  for (const next of chunk.imports ?? []) take(next);
}
take('index.html');
take('src/features/dashboard/page.tsx');

const kib = (bytes) => `${(bytes / 1024).toFixed(1).padStart(7)} KiB`;
const rows = [...files].map((file) => [file, sizes.get(file) ?? 0]).sort((a, b) => b[1] - a[1]);
const total = rows.reduce((sum, [, size]) => sum + size, 0);
for (const [file, size] of rows) console.log(`${kib(size)}  ${file}`);
console.log(`${kib(total)}  first load of the dashboard, of ${BUDGET_KIB} allowed`);
if (total > BUDGET_KIB * 1024) {
  console.error('the first load is over its budget');
  process.exit(1);
}
