import { post } from './call';

/** What a person may say of an order that is held. */
export type Verdict = 'approve' | 'reject';

const PATHS = { approve: '/v1/reviews/{id}/approve', reject: '/v1/reviews/{id}/reject' } as const;

/** Says it, with a note for other people where there is one. A review has its order's id. */
export function decideReview(store: string, id: string, verdict: Verdict, note: string, key: string) {
  const said = note.trim();
  return post(PATHS[verdict], { store, path: { id }, key, body: said === '' ? {} : { note: said } });
}
