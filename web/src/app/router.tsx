import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';
import type { AnyRoute } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { createElement } from 'react';
import { sentence } from '@/api';
import { Empty, Failure, Link, searchAsText } from '@/ui';
import { Frame } from './frame';
import { detailOf, pageOf, places } from './nav';
import { PageSkeleton } from './skeleton';

const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => search as Record<string, string>,
  search: { middlewares: [retainSearchParams(['store'])] },
  component: Frame,
  notFoundComponent: () => (
    <Empty icon={Compass} title="There is nothing at this address">
      <Link to="/" className="text-accent underline underline-offset-2">
        Back to the dashboard
      </Link>
    </Empty>
  ),
});

function routesOf(): AnyRoute[] {
  const routes: AnyRoute[] = [];
  for (const { noun, path } of places) {
    const page = pageOf(noun);
    if (page === undefined) continue;
    routes.push(
      createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(page, 'Page') }),
    );
    const detail = detailOf(noun);
    if (detail === undefined) continue;
    const Lazy = lazyRouteComponent(detail, 'Detail');
    const one: AnyRoute = createRoute({
      getParentRoute: () => root,
      path: `${path}/$id`,
      component: Object.assign(() => createElement(Lazy, { id: (one.useParams() as { id: string }).id }), {
        preload: async () => void (await detail()),
      }),
    });
    routes.push(one);
  }
  return routes;
}

/** The addresses of the page. */
export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren(routesOf()),
    ...searchAsText,
    defaultPreload: 'intent',
    defaultPreloadDelay: 40,
    defaultPendingMs: 200,
    defaultPendingComponent: PageSkeleton,
    defaultErrorComponent: ({ error, reset }) => (
      <Failure
        what="This part of the page has failed"
        says={sentence(error)}
        advice="What the server does is not affected. Try again; if it stays, reload the page."
        onRetry={reset}
      />
    ),
    scrollRestoration: false,
  });
}
