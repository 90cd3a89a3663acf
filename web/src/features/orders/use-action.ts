import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiProblem, freshKey, sentence, useStore } from '@/api';
import { toast } from '@/ui';

/**
 * Something that a person does to an order. Each press has a key of its own, also when the answer is lost and it is sent again;
 * what the server refuses is said with what it would allow instead.
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
  return useMutation({
    mutationFn: (input: T) => options.act(input, freshKey()),
    onSuccess: () => {
      if (options.done !== undefined) toast('done', options.done);
      options.onDone?.();
    },
    onError: (error) => {
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
