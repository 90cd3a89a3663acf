import type { Review } from '@/api';

/** The queue: what lapses first comes first. */
export function inOrder(reviews: readonly Review[]): readonly Review[] {
  return [...reviews].sort((a, b) => a.due_at.localeCompare(b.due_at) || a.id.localeCompare(b.id));
}

/** How much of the time is used up, 0 to 1. */
export function usedUp(review: Review, now: number): number {
  const [from, to] = [Date.parse(review.opened_at), Date.parse(review.due_at)];
  return to <= from ? 1 : Math.min(1, Math.max(0, (now - from) / (to - from)));
}

/** How urgent it is, in a colour. */
export function urgency(used: number): 'waiting' | 'people' | 'failed' {
  if (used >= 0.9) return 'failed';
  return used >= 0.5 ? 'people' : 'waiting';
}

/** Whoever comes after the one that was decided, so that the hands stay on the keys. */
export function after(reviews: readonly Review[], id: string): string | null {
  const at = reviews.findIndex((review) => review.id === id);
  return (reviews[at + 1] ?? reviews[at - 1])?.id ?? null;
}
