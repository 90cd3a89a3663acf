import { Link as RouterLink, useNavigate, useRouterState } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import type { ComponentProps, MouseEventHandler, ReactNode } from 'react';

/*
 * The address holds what is looked at: store, filters, selection. Every value behind the question mark is plain text; a
 * feature reads its own with a codec.
 */

export type Search = Readonly<Record<string, string>>;

/** What stands behind the question mark. */
export function useSearch(): Search {
  return useRouterState({ select: (state) => state.location.search as Search });
}

/** Changes what stands behind the question mark: null takes a word away. */
export function useSetSearch(): (
  patch: Readonly<Record<string, string | null>>,
  options?: { replace?: boolean },
) => void {
  const navigate = useNavigate();
  return useCallback(
    (patch, options) => {
      void navigate({
        to: '.',
        search: ((before: Search) => patched(before, patch)) as never,
        replace: options?.replace ?? false,
      });
    },
    [navigate],
  );
}

/** A search with some words changed or taken away. */
export function patched(before: Search, patch: Readonly<Record<string, string | null>>): Search {
  const after: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === '') delete after[name];
    else after[name] = value;
  }
  return after;
}

/** Goes somewhere within the store that is looked at. */
export function useGo(): (to: string, search?: Search, options?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (to, search, options) => {
      void navigate({ to, search: (search ?? {}) as never, replace: options?.replace ?? false });
    },
    [navigate],
  );
}

/** A link to another page of this store. */
export function Link({
  to,
  search,
  className,
  children,
  onClick,
  ...rest
}: {
  readonly to: string;
  readonly search?: Search;
  readonly className?: string;
  readonly children: ReactNode;
  readonly onClick?: MouseEventHandler;
} & Pick<ComponentProps<'a'>, 'title' | 'aria-label' | 'tabIndex'>) {
  const target = useMemo(() => search ?? {}, [search]);
  return (
    <RouterLink
      {...({ to, search: target, ...rest } as unknown as ComponentProps<typeof RouterLink>)}
      {...(className === undefined ? {} : { className })}
      {...(onClick === undefined ? {} : { onClick: onClick as MouseEventHandler<HTMLAnchorElement> })}
    >
      {children}
    </RouterLink>
  );
}

/** The address as text: everything is a plain word, and nothing is quoted. */
export const searchAsText = {
  parseSearch: (text: string): Record<string, unknown> => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search: Record<string, unknown>): string => {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) {
      if (value !== undefined && value !== null && value !== '') words.append(name, String(value));
    }
    const text = words.toString();
    return text === '' ? '' : `?${text}`;
  },
};
