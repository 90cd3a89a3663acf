import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Store as StoreIcon } from 'lucide-react';
import { useState } from 'react';
import { ApiProblem, post, sentence } from '@/api';
import { Button, CopyButton, Empty, Field, TextInput } from '@/ui';

/** A node without stores: how to make the first one, here or by the API. */
export function FirstStore() {
  const client = useQueryClient();
  const [id, setId] = useState('acme');
  const [currency, setCurrency] = useState('USD');
  const make = useMutation({
    mutationFn: () => post('/v1/stores', { body: { id, currency } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['node'] }),
  });
  const faults = make.error instanceof ApiProblem ? make.error.faults : [];
  const wrong = (pointer: string) => faults.find((fault) => fault.pointer === pointer)?.detail;
  const line = `curl -X POST ${location.origin}/v1/stores -H 'Content-Type: application/json' -d '{"id": "${id}", "currency": "${currency}"}'`;
  return (
    <Empty icon={StoreIcon} title="No store yet">
      <p>A store is a tenant: its orders, stock, rules and events are its own. Make the first one.</p>
      <form
        className="mt-4 flex items-start gap-2 text-left"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Field label="Id" error={wrong('/id')} className="flex-1">
          {(props) => <TextInput {...props} value={id} onChange={(event) => setId(event.target.value)} />}
        </Field>
        <Field label="Currency" error={wrong('/currency')} className="w-24">
          {(props) => (
            <TextInput
              {...props}
              value={currency}
              onChange={(event) => setCurrency(event.target.value.toUpperCase())}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" busy={make.isPending} className="mt-5">
          Make it
        </Button>
      </form>
      {make.error !== null && faults.length === 0 && (
        <p className="mt-2 text-failed">{sentence(make.error)}</p>
      )}
      <div className="mt-4 flex items-center gap-1 rounded-md border bg-sunken p-2 text-left">
        <code className="min-w-0 flex-1 font-mono text-xs break-all text-ink-2">{line}</code>
        <CopyButton text={line} label="Copy the command" />
      </div>
    </Empty>
  );
}
