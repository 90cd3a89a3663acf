import { useQuery } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { useMemo, useState } from 'react';
import { freshKey, sentence, useStore } from '@/api';
import { Button, CopyButton, Field, Mono, Select, Skeleton, TextArea, TextInput, cx } from '@/ui';
import { curlOf, operationsOf, requestOf } from './openapi';
import type { Operation, Parameter } from './openapi';

interface Result {
  readonly status: number;
  readonly tookMs: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
}

/** Every call of the API, with its example filled in: sent from here, or copied for elsewhere. */
export function Endpoints() {
  const document = useQuery({
    queryKey: ['node', 'openapi'],
    queryFn: async ({ signal }) => {
      const response = await fetch('/openapi.json', { signal });
      if (!response.ok) throw new Error(`The server answered ${response.status}`);
      return operationsOf((await response.json()) as never);
    },
    staleTime: Infinity,
  });
  const [id, setId] = useState('get_v1_orders');
  const operations = document.data;
  const operation = operations?.find((one) => one.id === id) ?? operations?.[0];
  const choices = useMemo(
    () =>
      (operations ?? []).map((one) => ({
        value: one.id,
        label: `${one.method.toUpperCase()} ${one.path}`,
        group: one.tag,
      })),
    [operations],
  );
  if (document.error !== null) return <p className="p-4 text-sm text-failed">{sentence(document.error)}</p>;
  if (operation === undefined) return <Skeleton className="m-4 h-40" />;
  return (
    <div className="flex flex-col gap-3 p-4">
      <div className="flex flex-wrap items-center gap-3">
        <Select
          aria-label="Which call"
          value={operation.id}
          choices={choices}
          onChange={setId}
          className="w-full max-w-[440px] font-mono"
        />
        <p className="min-w-0 flex-1 text-sm text-ink-2">{operation.summary}</p>
      </div>
      <Tester key={operation.id} operation={operation} />
    </div>
  );
}

function Tester({ operation }: { readonly operation: Operation }) {
  const store = useStore();
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(
      operation.parameters.map((one) => [
        one.name,
        one.name === 'X-Store-ID' ? store.id : one.isRequired ? one.sample : '',
      ]),
    ),
  );
  const [body, setBody] = useState(operation.sample);
  const [key] = useState(freshKey);
  const [result, setResult] = useState<Result | string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const filled =
    operation.method === 'post' ? { 'Idempotency-Key': key, ...notEmpty(values) } : notEmpty(values);
  const request = requestOf(operation, filled, body);
  const curl = curlOf(location.origin, request);
  const send = async () => {
    setBusy(true);
    const began = performance.now();
    try {
      const response = await fetch(request.address, {
        method: request.method,
        headers: request.headers,
        ...(request.body === null ? {} : { body: request.body }),
        cache: 'no-store',
        // A stream has no end: what it begins with is enough here.
        signal: AbortSignal.timeout(operation.isStream ? 2_500 : 20_000),
      });
      const headers = [...response.headers].filter(([name]) =>
        ['etag', 'location', 'retry-after', 'x-request-id', 'idempotent-replayed', 'content-type'].includes(
          name,
        ),
      );
      const text = operation.isStream ? await beginning(response) : await response.text();
      setResult({ status: response.status, tookMs: performance.now() - began, headers, text: pretty(text) });
    } catch (error) {
      setResult(sentence(error));
    } finally {
      setBusy(false);
    }
  };
  const needed = operation.parameters.filter((one) => one.isRequired);
  const optional = operation.parameters.filter((one) => !one.isRequired);
  const input = (one: Parameter) => (
    <Field key={one.name} label={one.name} hint={one.says}>
      {(props) => (
        <TextInput
          {...props}
          required={one.isRequired}
          value={values[one.name] ?? ''}
          onChange={(event) => setValues({ ...values, [one.name]: event.target.value })}
          className="font-mono text-xs"
        />
      )}
    </Field>
  );
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <form
        className="flex min-w-0 flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {needed.length > 0 && <div className="grid grid-cols-2 gap-3">{needed.map((one) => input(one))}</div>}
        {optional.length > 0 && (
          <details>
            <summary className="cursor-pointer text-xs text-ink-2">
              {optional.length} more that may be left out
            </summary>
            <div className="mt-2 grid grid-cols-2 gap-3">{optional.map((one) => input(one))}</div>
          </details>
        )}
        {operation.sample !== '' && (
          <Field label="Body">
            {(props) => (
              <TextArea
                {...props}
                value={body}
                spellCheck={false}
                rows={Math.min(14, body.split('\n').length + 1)}
                onChange={(event) => setBody(event.target.value)}
                className="font-mono text-xs"
              />
            )}
          </Field>
        )}
        <div className="flex items-center gap-2">
          <Button kind="primary" type="submit" busy={isBusy}>
            <Send size={14} aria-hidden /> Send
          </Button>
          <span className="text-xs text-ink-3">It is a real call, in the name of {store.name}.</span>
        </div>
        <div className="flex items-start gap-1 rounded-md border bg-sunken p-2">
          <code className="min-w-0 flex-1 font-mono text-xs break-all whitespace-pre-wrap text-ink-2">
            {curl}
          </code>
          <CopyButton text={curl} label="Copy as curl" />
        </div>
      </form>
      <div className="min-w-0" aria-live="polite">
        {result === null ? (
          <p className="text-sm text-ink-3">The answer is shown here.</p>
        ) : typeof result === 'string' ? (
          <p className="text-sm text-failed">{result}</p>
        ) : (
          <>
            <p className="mb-2 flex items-baseline gap-3 text-sm">
              <Mono className={cx('font-semibold', result.status < 400 ? 'text-good' : 'text-failed')}>
                {result.status}
              </Mono>
              <span className="text-ink-3">{Math.round(result.tookMs)} ms</span>
            </p>
            <ul className="mb-2 font-mono text-xs text-ink-3">
              {result.headers.map(([name, value]) => (
                <li key={name}>
                  {name}: {value}
                </li>
              ))}
            </ul>
            <pre className="max-h-[420px] overflow-auto rounded-md border bg-sunken p-3 font-mono text-xs leading-5 break-all whitespace-pre-wrap">
              {result.text}
            </pre>
          </>
        )}
      </div>
    </div>
  );
}

const notEmpty = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What a stream says first. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  if (reader === undefined) return text;
  const end = Date.now() + 2_000;
  try {
    while (Date.now() < end && text.length < 20_000) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // The time is over.
  }
  void reader.cancel().catch(() => undefined);
  return text;
}
