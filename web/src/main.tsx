import '@/app/theme.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { mayRetry } from '@/api';
import { makeRouter } from '@/app/router';
import { Toasts, TipProvider } from '@/ui';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream says what is old; what was left for a while is asked again when it is shown.
      staleTime: 15_000,
      gcTime: 5 * 60_000,
      retry: mayRetry,
      retryDelay: (count) => 300 * 2 ** count,
      refetchOnWindowFocus: false,
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no place to be in');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <TipProvider>
        <RouterProvider router={makeRouter()} />
        <Toasts />
      </TipProvider>
    </QueryClientProvider>
  </StrictMode>,
);
