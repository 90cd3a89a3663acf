import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { get, post, sentence, useStore } from '@/api';
import { Ago, Button, Hidden, Mono, Skeleton, Until, cx } from '@/ui';

/** The jobs that run by the clock, in a few lines; more of them is on their own page. */
export function Jobs() {
  const store = useStore();
  const client = useQueryClient();
  const jobs = useQuery({
    queryKey: [store.id, 'schedules', 'all'],
    queryFn: async ({ signal }) => (await get('/v1/schedules', { signal })).data,
    refetchInterval: 3_000,
  });
  const run = useMutation({
    mutationFn: (name: string) => post('/v1/schedules/{name}/run', { path: { name } }),
    onSettled: () => client.invalidateQueries({ queryKey: [store.id, 'schedules'] }),
  });
  if (jobs.error !== null) return <p className="p-4 text-sm text-failed">{sentence(jobs.error)}</p>;
  if (jobs.data === undefined) return <Skeleton className="m-4 h-32" />;
  return (
    <div className="p-4">
      {run.error !== null && <p className="mb-2 text-sm text-failed">{sentence(run.error)}</p>}
      <table className="w-full text-left text-sm">
        <thead className="text-xs text-ink-3">
          <tr>
            <th className="py-1 pr-4 font-medium">Job</th>
            <th className="py-1 pr-4 font-medium">Line</th>
            <th className="py-1 pr-4 font-medium">Last run</th>
            <th className="py-1 pr-4 font-medium">Next</th>
            <th className="py-1">
              <Hidden>Do</Hidden>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.data.map((job) => (
            <tr key={job.name} className="border-t">
              <td className="py-1.5 pr-4 font-medium">{job.name.replace(/_/g, ' ')}</td>
              <td className="py-1.5 pr-4">
                <Mono className="text-ink-2">{job.cron}</Mono>
              </td>
              <td className="py-1.5 pr-4">
                {job.last_run === null ? (
                  <span className="text-ink-3">never</span>
                ) : (
                  <>
                    <span className={cx(job.last_run.outcome === 'succeeded' ? 'text-good' : 'text-failed')}>
                      {job.last_run.outcome}
                    </span>{' '}
                    <Ago at={job.last_run.finished_at} className="text-ink-3" />
                  </>
                )}
              </td>
              <td className="py-1.5 pr-4 text-ink-2">
                {job.next_run_at === null ? 'when asked' : <Until at={job.next_run_at} />}
              </td>
              <td className="py-1.5 text-right">
                <Button
                  size="sm"
                  busy={run.isPending && run.variables === job.name}
                  onClick={() => run.mutate(job.name)}
                >
                  <Play size={12} aria-hidden /> Run now
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
