import { Skeleton } from '@/ui';

/** What a page looks like before it is there. */
export function PageSkeleton() {
  return (
    <div className="flex flex-col gap-4 p-4 md:p-6" aria-busy="true">
      <Skeleton className="h-8 w-48" />
      <div className="grid grid-cols-2 gap-4 md:grid-cols-4">
        <Skeleton className="h-20" />
        <Skeleton className="h-20" />
        <Skeleton className="h-20" />
        <Skeleton className="h-20" />
      </div>
      <Skeleton className="h-64" />
    </div>
  );
}
