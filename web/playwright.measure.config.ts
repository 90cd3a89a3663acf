import { defineConfig } from '@playwright/test';
import shared from './playwright.config';

// Figures rather than verdicts: `make pagebench`, on release builds and on a machine that does nothing else.
export default defineConfig({
  ...shared,
  testDir: './tests/measure',
  testMatch: '*.measure.ts',
  timeout: 180_000,
});
