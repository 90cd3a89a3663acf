import {
  BellRing,
  CalendarClock,
  Landmark,
  LayoutDashboard,
  Boxes,
  ShieldQuestion,
  ShoppingBag,
  Workflow,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import type { StoreStats } from '@/api';
import type { Tone } from '@/ui';

/** A place of the page. */
export interface Place {
  readonly noun: string;
  readonly path: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** After `g`, the key that leads there. */
  readonly key: string;
  /** What stands beside its name, and what that means. */
  readonly count?: (stats: StoreStats) => {
    readonly value: number;
    readonly tone: Tone;
    readonly means: string;
  };
}

const PLACES: readonly Place[] = [
  { noun: 'dashboard', path: '/', label: 'Dashboard', icon: LayoutDashboard, key: 'd' },
  {
    noun: 'orders',
    path: '/orders',
    label: 'Orders',
    icon: ShoppingBag,
    key: 'o',
    count: ({ orders }) => ({
      value: orders.pending + orders.requires_action + orders.on_hold + orders.confirmed,
      tone: 'moving',
      means: 'under way',
    }),
  },
  {
    noun: 'reviews',
    path: '/reviews',
    label: 'Reviews',
    icon: ShieldQuestion,
    key: 'r',
    count: ({ orders }) => ({ value: orders.on_hold, tone: 'people', means: 'wait for a person' }),
  },
  {
    noun: 'inventory',
    path: '/inventory',
    label: 'Inventory',
    icon: Boxes,
    key: 'i',
    count: ({ inventory }) => ({
      value: inventory.low_stock + inventory.out_of_stock,
      tone: 'people',
      means: 'low or out of stock',
    }),
  },
  {
    noun: 'alerts',
    path: '/alerts',
    label: 'Alerts',
    icon: BellRing,
    key: 'a',
    count: ({ alerts }) => ({ value: alerts.firing, tone: 'failed', means: 'firing' }),
  },
  { noun: 'workbench', path: '/workbench', label: 'Workbench', icon: Workflow, key: 'w' },
  {
    noun: 'bank',
    path: '/bank',
    label: 'Bank',
    icon: Landmark,
    key: 'b',
    count: ({ payments }) => ({
      value: payments.retrying + payments.unknown,
      tone: 'people',
      means: 'payments wait for the bank',
    }),
  },
  { noun: 'schedules', path: '/schedules', label: 'Schedules', icon: CalendarClock, key: 's' },
];

interface PageModule {
  readonly Page: ComponentType;
}
interface DetailModule {
  readonly Detail: ComponentType<{ id: string }>;
}

// A feature has its place as soon as its folder has a page: features/<noun>/page.tsx exports Page, and where one thing has a
// page of its own, features/<noun>/detail.tsx exports Detail.
const pages = import.meta.glob<PageModule>('../features/*/page.tsx');
const details = import.meta.glob<DetailModule>('../features/*/detail.tsx');

export const pageOf = (noun: string) => pages[`../features/${noun}/page.tsx`];
export const detailOf = (noun: string) => details[`../features/${noun}/detail.tsx`];

/** The places there are, in the order of the side navigation. */
export const places: readonly Place[] = PLACES.filter((place) => pageOf(place.noun) !== undefined);

/** The place that an address belongs to. */
export function placeAt(pathname: string): Place | undefined {
  return places.find(
    (place) => pathname === place.path || (place.path !== '/' && pathname.startsWith(`${place.path}/`)),
  );
}
