import { defineConfig } from 'vite';

// The API's address for `vite` and `vite preview`; the built page talks to the server that sent it.
const server = process.env['PENSTOCK_URL'] ?? 'http://127.0.0.1:8080';
const proxy = { '^/(api/|-/session)': server };

export default defineConfig({
  base: '/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    reportCompressedSize: true,
  },
  worker: { format: 'es' },
  server: { proxy },
  preview: {
    proxy,
    headers: {
      // What the server sends too; so that a breach shows in every browser test.
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
        "frame-ancestors 'none'",
    },
  },
});
