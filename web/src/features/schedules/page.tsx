import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleX, LoaderCircle, Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { get, post, sentence, useStore } from '@/api';
import type { Job, Run } from '@/api';
import {
  Ago,
  Button,
  Facts,
  Failure,
  Mono,
  Panel,
  Skeleton,
  Time,
  Until,
  cx,
  formatCount,
  formatDuration,
  toast,
} from '@/ui';

const ABOUT: Readonly<Record<string, string>> = {
  stock_scan: 'Looks for stock whose condition was not announced',
  reservation_sweep: 'Gives back holds whose time is over',
  health_check: 'Asks journal, views and bank how they are',
  reconcile: 'Compares our payments with the bank’s books',
  stuck_scan: 'Looks for orders that stand still',
  checkpoint: 'Keeps the journal’s files short',
  retention: 'Forgets request keys that nobody will repeat',
};

/** The jobs that run by the clock: when, what they found, and now if somebody wants. */
export function Page() {
  const store = useStore();
  const jobs = useQuery({
    queryKey: [store.id, 'schedules', 'all'],
    queryFn: async ({ signal }) => (await get('/v1/schedules', { signal })).data,
    // Jobs are the node's: no store's events tell of them.
    refetchInterval: 2_000,
  });
  return (
    <div className="flex flex-col gap-4 p-4 md:p-6">
      <h1 className="text-lg font-semibold">Schedules</h1>
      <Panel title="Jobs" flush aside="of the whole node">
        {jobs.data === undefined ? (
          jobs.error === null ? (
            <Skeleton className="m-4 h-64" />
          ) : (
            <Failure
              what="The jobs could not be read"
              says={sentence(jobs.error)}
              onRetry={() => void jobs.refetch()}
            />
          )
        ) : (
          <ul className="divide-y">
            {jobs.data.map((job) => (
              <JobRow key={job.name} job={job} />
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

const ROUTES = {
  run: '/v1/schedules/{name}/run',
  pause: '/v1/schedules/{name}/pause',
  resume: '/v1/schedules/{name}/resume',
} as const;

function JobRow({ job }: { readonly job: Job }) {
  const store = useStore();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const ask = useMutation({
    mutationFn: (wish: keyof typeof ROUTES) => post(ROUTES[wish], { path: { name: job.name } }),
    onError: (error) => toast('failed', 'The job did not take that', sentence(error)),
    onSettled: () => client.invalidateQueries({ queryKey: [store.id, 'schedules'] }),
  });
  const isRunning = job.status === 'running';
  const isAsleep = job.paused || !job.enabled;
  return (
    <li className="px-4 py-3">
      <div className="grid items-center gap-x-4 gap-y-2 md:grid-cols-[minmax(0,1fr)_10rem_12rem_17rem]">
        <div className="min-w-0">
          <p className="flex items-center gap-2 font-medium">
            {job.name.replace(/_/g, ' ')}
            {isAsleep && (
              <span className="text-xs font-normal text-waiting">{job.enabled ? 'paused' : 'off'}</span>
            )}
          </p>
          <p className="text-sm text-ink-3">{ABOUT[job.name] ?? ''}</p>
        </div>
        <div>
          <Mono className="text-ink-2">{job.cron}</Mono>
          <p className="text-xs text-ink-3">
            {isRunning ? (
              'runs now'
            ) : job.next_run_at === null ? (
              'when asked'
            ) : (
              <>
                next <Until at={job.next_run_at} />
              </>
            )}
          </p>
        </div>
        <div className="text-sm">
          {isRunning ? (
            <span className="inline-flex items-center gap-1.5 text-moving">
              <LoaderCircle size={14} className="animate-spin" aria-hidden /> running
            </span>
          ) : (
            <Last run={job.last_run} />
          )}
          <p className="text-xs text-ink-3">
            {formatCount(job.runs)} {job.runs === 1 ? 'run' : 'runs'}, {formatCount(job.failures)} failed
          </p>
        </div>
        <div className="flex gap-2 md:justify-end">
          {job.last_run !== null && (
            <Button size="sm" kind="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {isOpen ? 'Less' : 'Result'}
            </Button>
          )}
          <Button
            size="sm"
            kind="quiet"
            disabled={!job.enabled}
            busy={ask.isPending && ask.variables !== 'run'}
            onClick={() => ask.mutate(job.paused ? 'resume' : 'pause')}
          >
            <Pause size={13} aria-hidden /> {job.paused ? 'Resume' : 'Pause'}
          </Button>
          <Button
            size="sm"
            disabled={isRunning}
            busy={ask.isPending && ask.variables === 'run'}
            onClick={() => ask.mutate('run')}
          >
            <Play size={13} aria-hidden /> Run now
          </Button>
        </div>
      </div>
      {isOpen && job.last_run !== null && <Result run={job.last_run} />}
    </li>
  );
}

function Last({ run }: { readonly run: Run | null }) {
  if (run === null) return <span className="text-ink-3">never ran</span>;
  const isWell = run.outcome === 'succeeded';
  const Icon = isWell ? CircleCheck : CircleX;
  return (
    <span className={cx('inline-flex items-center gap-1.5', isWell ? 'text-good' : 'text-failed')}>
      <Icon size={14} aria-hidden /> {run.outcome}
      <Ago at={run.finished_at} className="text-ink-3" />
    </span>
  );
}

function Result({ run }: { readonly run: Run }) {
  return (
    <div className="mt-3 grid gap-4 rounded-md border bg-sunken p-3 md:grid-cols-[260px_minmax(0,1fr)]">
      <Facts
        rows={[
          ['Begun', <Time key="b" at={run.started_at} exact />],
          ['Took', formatDuration(run.duration_ms)],
          ['By', run.trigger.replace('_', ' ')],
          ...(run.error === null
            ? []
            : ([
                [
                  'Error',
                  <span key="e" className="text-failed">
                    {run.error}
                  </span>,
                ],
              ] as const)),
        ]}
      />
      <pre className="max-h-72 overflow-auto font-mono text-xs leading-5 break-all whitespace-pre-wrap">
        {JSON.stringify(run.result, null, 2)}
      </pre>
    </div>
  );
}
