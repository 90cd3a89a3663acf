import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` shows the page beside a running server: ORDERFLOW=http://127.0.0.1:8080 npm run dev
const server = process.env.ORDERFLOW ?? 'http://127.0.0.1:8080';

/** Only what asks for data goes to the server; a page's own address stays here. */
const toServer = { target: server, changeOrigin: false };

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: {
    proxy: {
      '/v1': toServer,
      '/openapi.json': toServer,
      '/docs': toServer,
      '/livez': toServer,
      '/readyz': toServer,
      '/metrics': toServer,
    },
  },
  build: {
    // What strict browsers of the last two years understand; nothing is rewritten for older ones.
    target: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    cssTarget: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    // Nothing becomes a data: address: the page's policy allows fonts and scripts from the server only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    manifest: true,
    chunkSizeWarningLimit: 700,
  },
});
