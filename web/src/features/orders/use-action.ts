import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { ApiProblem, Unreachable, freshKey, sentence, useStore } from '@/api';
import { toast } from '@/ui';

/**
 * Something that a person does to an order. Each press has a key of its own, but for one that follows a lost answer: nobody
 * knows whether the same was done already, so it goes under the same key, and is done once. What the server refuses is said
 * with what it would allow instead.
 */
export function useAction<T>(
  orderId: string,
  options: {
    /** What is said when it is done; nothing where that is seen anyway. */
    readonly done?: string;
    readonly act: (input: T, key: string) => Promise<unknown>;
    readonly onDone?: () => void;
  },
) {
  const store = useStore();
  const client = useQueryClient();
  const unanswered = useRef<{ readonly wish: string; readonly key: string } | null>(null);
  return useMutation({
    mutationFn: async (input: T) => {
      const wish = JSON.stringify(input);
      const key = unanswered.current?.wish === wish ? unanswered.current.key : freshKey();
      unanswered.current = { wish, key };
      const done = await options.act(input, key);
      unanswered.current = null;
      return done;
    },
    onSuccess: () => {
      if (options.done !== undefined) toast('done', options.done);
      options.onDone?.();
    },
    onError: (error) => {
      if (!(error instanceof Unreachable)) unanswered.current = null;
      if (error instanceof ApiProblem && error.faults.length > 0) return;
      const legal =
        error instanceof ApiProblem && error.legal.length > 0
          ? `Possible now: ${error.legal.join(', ')}.`
          : undefined;
      toast('failed', sentence(error), legal);
    },
    onSettled: () => client.invalidateQueries({ queryKey: [store.id, 'order', orderId] }),
  });
}
