import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem, decideReview, freshKey, sentence, useStore } from '@/api';
import type { Review, Verdict } from '@/api';
import { Button, Dialog, Field, Kbd, Notice, TextArea, shortId, toast } from '@/ui';

const SAYS: Record<Verdict, { readonly title: string; readonly does: string; readonly done: string }> = {
  approve: {
    title: 'Approve this order',
    does: 'It goes on at once: the payment is taken and the goods are promised.',
    done: 'approved',
  },
  reject: {
    title: 'Reject this order',
    does: 'It is canceled as fraudulent: held stock is free again, and money that was taken or held goes back.',
    done: 'rejected',
  },
};

/** Says yes or no, with a note for other people. Enter decides, Shift with Enter makes a new line. */
export function DecideDialog({
  review,
  verdict,
  onClose,
  onDone,
}: {
  readonly review: Review;
  readonly verdict: Verdict;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const store = useStore();
  const client = useQueryClient();
  const [note, setNote] = useState('');
  const [key, setKey] = useState(freshKey);
  const { title, does, done } = SAYS[verdict];
  const decide = useMutation({
    mutationFn: () => decideReview(store.id, review.id, verdict, note, key),
    onSuccess: () => {
      toast('done', `${shortId(review.order_id)} is ${done}`);
      void client.invalidateQueries({ queryKey: [store.id, 'reviews'] });
      onDone();
    },
    onError: (error) => {
      setKey(freshKey());
      // Somebody else or the clock was first: the queue is read anew.
      if (error instanceof ApiProblem && error.status === 409) {
        void client.invalidateQueries({ queryKey: [store.id, 'reviews'] });
      }
    },
  });
  const isLate = decide.error instanceof ApiProblem && decide.error.status === 409;
  const send = () => {
    if (!decide.isPending) decide.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <span className="mr-auto text-xs text-ink-3 max-sm:hidden">
            <Kbd>Enter</Kbd> decides, <Kbd>Esc</Kbd> goes back
          </span>
          <Button kind="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            kind={verdict === 'approve' ? 'primary' : 'danger_solid'}
            busy={decide.isPending}
            disabled={isLate}
            onClick={send}
          >
            {verdict === 'approve' ? 'Approve' : 'Reject'}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="text-sm text-ink-2">{does}</p>
        <Field label="Note, for other people">
          {(props) => (
            <TextArea
              {...props}
              data-first
              autoFocus
              maxLength={500}
              value={note}
              placeholder={verdict === 'approve' ? 'known to us' : 'the card was reported stolen'}
              onChange={(event) => setNote(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
                event.preventDefault();
                send();
              }}
            />
          )}
        </Field>
        {decide.error !== null && (
          <Notice tone={isLate ? 'people' : 'failed'}>
            {isLate ? `Somebody or the clock was first: ${sentence(decide.error)}.` : sentence(decide.error)}
          </Notice>
        )}
      </div>
    </Dialog>
  );
}
